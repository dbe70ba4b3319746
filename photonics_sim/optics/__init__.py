"""Light in free space: fields in scattering media and the matrices of lossless reciprocal ones."""

from photonics_sim.optics._resolvent import resolvent as resolvent
from photonics_sim.optics._round_trips import round_trips as round_trips
from photonics_sim.optics._unitary import symmetric_unitary as symmetric_unitary
