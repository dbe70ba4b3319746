"""Whether sums of a device's response approximate anything: verdict, coupling strength, certificates, copies."""
