"""How near a fabricated device comes to its design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from photonics_sim.device import Card, Device, Multiplies, Responds, derive_key
from photonics_sim.errors import PhotonicsError
from photonics_sim.sweeps._axis import Meaning
from photonics_sim.sweeps._job import Job
from photonics_sim.sweeps._trial import Trial

SAMPLES = 256


class FidelityTrial(Trial):
    r"""Overlap of what a fabricated device does to light with what the design does.

    .. math::
        F = \frac{|\mathrm{tr}(U^\dagger V)|^2}{\mathrm{tr}(U^\dagger U)\,\mathrm{tr}(V^\dagger V)}

    1 where V is U up to a factor: light lost evenly is no infidelity (Clements et al., Optica 3, 1460 (2016)) and is
    told apart as insertion loss. U and V are the matrices of a mesh by design and as built; of several layers the
    product of their fidelities. A device without matrices is judged by its response to 256 random inputs.
    """

    prefix: ClassVar[str] = "fidelity"
    chips: ClassVar[int] = 20
    block: ClassVar[int] = 64

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._design: tuple[Card | None, list[Tensor]] | None = None

    def meanings(self) -> dict[str, Meaning]:
        return {
            "fidelity": Meaning("1", "fidelity to the design", higher_is_better=True, threshold=0.95),
            "insertion_loss_db": Meaning("dB", "mean insertion loss", higher_is_better=False),
        }

    @torch.no_grad()
    def measure(self, params: Mapping[str, Any], seeds: Sequence[int]) -> Mapping[str, ArrayLike]:
        fields, _ = self.split(params)
        device = self.subject.device(fields)
        built = self._transfer(device.as_built(seeds[0], chips=len(seeds)))
        fidelity = torch.ones(len(seeds), dtype=torch.float64)
        passed = torch.ones(len(seeds), dtype=torch.float64)
        for U, V in zip(self._nominal(device), built, strict=True):
            # F of the transposes is the same, and matrices come transposed: nothing is copied
            rows, aim = V.mT.flatten(1).resolve_conj(), U.mT.flatten().resolve_conj()
            overlap = (rows @ aim.conj()).abs().square().double()
            power, design = _power(rows), _power(aim[None])
            fidelity = fidelity * overlap / (design * power)
            passed = passed * power / design
        # rounding may put a perfect chip a hair above 1
        return {"fidelity": fidelity.clamp(max=1).numpy(), "insertion_loss_db": -10 * passed.log10().numpy()}

    def _nominal(self, device: Device) -> list[Tensor]:
        """The design's matrices; all points that differ in imperfections alone share them."""
        design = device.card.ideal() if device.card else None
        if self._design is None or self._design[0] != design:
            self._design = (design, self._transfer(device.ideal()))
        return self._design[1]

    def _transfer(self, device: Device) -> list[Tensor]:
        if isinstance(device, Multiplies):
            return device.matrices()
        if isinstance(device, Responds):
            generator = torch.Generator().manual_seed(derive_key(self.job.seed, "fidelity inputs"))
            x = 2 * torch.rand(SAMPLES, device.in_features, generator=generator) - 1
            return [device.response(x.to(next(device.parameters())))]
        raise PhotonicsError(
            f"{self.subject.card.name} tells neither a matrix nor a response; sweep it with --trial train"
        )


def _power(rows: Tensor) -> Tensor:
    """Sum of |x|^2 of each row, `(rows)` float64; a norm of complex numbers takes fifty times as long."""
    parts = torch.view_as_real(rows) if rows.is_complex() else rows
    return parts.flatten(1).square().sum(1).double()
