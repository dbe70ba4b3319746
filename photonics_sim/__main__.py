"""`python -m photonics_sim` is `photonics-sim`."""

from photonics_sim.cli import main

main()
