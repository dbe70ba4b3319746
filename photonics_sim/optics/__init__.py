"""Light in free space: fields over distances and in scattering media, and the matrices of lossless reciprocal ones."""

from photonics_sim.optics._convolve import convolve as convolve
from photonics_sim.optics._elements import blazed_grating as blazed_grating
from photonics_sim.optics._elements import circular_aperture as circular_aperture
from photonics_sim.optics._elements import gaussian_beam as gaussian_beam
from photonics_sim.optics._elements import rectangular_aperture as rectangular_aperture
from photonics_sim.optics._elements import thin_lens as thin_lens
from photonics_sim.optics._grid import positions as positions
from photonics_sim.optics._pixels import SURFACES as SURFACES
from photonics_sim.optics._pixels import filled as filled
from photonics_sim.optics._pixels import fringed as fringed
from photonics_sim.optics._pixels import pointing as pointing
from photonics_sim.optics._pixels import uneven as uneven
from photonics_sim.optics._plan import PropagationPlan as PropagationPlan
from photonics_sim.optics._propagate import Propagator as Propagator
from photonics_sim.optics._propagate import focus as focus
from photonics_sim.optics._propagate import misplaced_transfer as misplaced_transfer
from photonics_sim.optics._propagate import plan_propagation as plan_propagation
from photonics_sim.optics._propagate import propagate as propagate
from photonics_sim.optics._relay import relay as relay
from photonics_sim.optics._resolvent import resolvent as resolvent
from photonics_sim.optics._round_trips import round_trips as round_trips
from photonics_sim.optics._unitary import symmetric_unitary as symmetric_unitary
