"""A chip that shows nothing but powers, and a simulated one."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._faults import IDEAL, Faults
from photonics_sim.mesh._mesh import Mesh
from photonics_sim.mesh._propagate import propagate
from photonics_sim.mesh._topology import Topology


class PowerMeter(Protocol):
    """A programmable chip with a source in front of it and a receiver behind."""

    def __call__(self, phases: Tensor, source: Tensor, receiver: Tensor) -> Tensor:
        """|receiver^H V(phases) source|^2 for each of several settings.

        Args:
            phases: Of every shifter in rad, `(settings, shifters)`, float64.
            source: Amplitudes at the inputs, `(modes,)`, complex128, of total power 1.
            receiver: Amplitudes onto which the output is projected, `(modes,)`, complex128, of norm 1. A basis vector
                is a photodiode at one output. Others need a coherent receiver at every output or a calibrated mesh
                behind the chip that guides this superposition to one photodiode.

        Returns:
            Measured power as a share of the source's, `(settings,)`.
        """
        ...


class VirtualChip:
    """A simulated chip; programs of real chips can be tried on it. Its faults are read by nobody but the light.

    Args:
        mesh: Where the parts are; a `Mesh` brings its faults along, its phases are not used.
        faults: What the parts of a `Topology` are like.
        noise: Standard deviation of each measured power as a share of the source's power.
        relative_noise: Standard deviation of each measured power as a share of itself.
        seed: Of the noise; the n-th measurement of a seed always has the same.

    Attributes:
        measurements: Powers measured so far.

    Raises:
        PhotonicsError: for faults of several chips, faults of another shape, or noise below 0.
    """

    def __init__(
        self,
        mesh: Mesh | Topology,
        faults: Faults = IDEAL,
        *,
        noise: float = 0.0,
        relative_noise: float = 0.0,
        seed: int = 0,
    ) -> None:
        if isinstance(mesh, Mesh):
            faults, mesh = mesh.faults, mesh.topology
        if faults.chips is not None:
            raise PhotonicsError(
                f"a virtual chip is one; found faults of {faults.chips} chips. Take faults.chip(number)"
            )
        if not (noise >= 0 and relative_noise >= 0):
            raise PhotonicsError(f"noise of a chip must be 0 or more; found {noise} and {relative_noise}")
        faults.check(mesh)
        self.topology = mesh
        self.measurements = 0
        self._faults = faults.map(lambda t: t.detach().double())
        self._noise, self._relative_noise, self._seed = noise, relative_noise, seed

    def __call__(self, phases: Tensor, source: Tensor, receiver: Tensor) -> Tensor:
        """|receiver^H V(phases) source|^2 with noise, `(settings,)`; see `PowerMeter`."""
        field = propagate(self.topology, phases, source[None], self._faults)[:, 0]
        power = (field * receiver.conj()).sum(-1).abs().square()
        if self._noise or self._relative_noise:
            drawn = normal(derive_key(self._seed, "power", self.measurements), 2, len(power))
            power = power * (1 + self._relative_noise * drawn[0]) + self._noise * drawn[1]
        self.measurements += len(power)
        return power
