"""A response under examination: evaluated in double precision, checked, and read as it is detected."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from photonics_sim.device import derive_key
from photonics_sim.errors import PhotonicsError

Response = Callable[[Tensor], Tensor]
Encoder = Literal["diagonal", "dense"]
Readout = Literal["coherent", "intensity_sum"]
CHUNK = 1 << 16
EPS = torch.finfo(torch.float64).eps
_STEPS = (2e-6, 1e-8, 1e-10)  # so small that a response of some thousand radians is smooth over them
_SIXTH = (1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0)


class Probe:
    """What is combined linearly behind an encoding: the field, or its intensity where intensities are summed.

    Args:
        response: `(batch, inputs)` to `(batch,)`, real or complex.
        inputs: How many.
        encoder: "diagonal" or "dense": what comes in front of the response.
        readout: "coherent" takes the response as it is, "intensity_sum" its squared magnitude.
        domain: Lowest and highest input.
        seed: Of all points.

    Raises:
        PhotonicsError: for a response of another shape, one that is not finite, or one that answers the same question
            twice in two ways.
    """

    def __init__(
        self,
        response: Response,
        inputs: int,
        *,
        encoder: Encoder = "diagonal",
        readout: Readout = "coherent",
        domain: tuple[float, float] = (-2.0, 2.0),
        seed: int = 0,
    ) -> None:
        if inputs < 1:
            raise PhotonicsError(f"inputs = {inputs}: a response has at least one")
        if not -math.inf < domain[0] < domain[1] < math.inf:
            raise PhotonicsError(f"domain = {domain}: give its low and its high end")
        self._response, self.inputs = response, inputs
        self.encoder: Encoder = encoder
        self.readout: Readout = readout
        self.domain, self.seed = domain, seed
        self._check()

    def __call__(self, points: Tensor) -> Tensor:
        """Values `(n,)` complex128 or float64 at points `(n, inputs)`, without gradient."""
        with torch.no_grad():
            values = torch.cat([self.differentiable(part) for part in points.split(CHUNK)])
        finite = torch.isfinite(values.abs())
        if not bool(finite.all()):
            at = points[int((~finite).nonzero()[0])].tolist()
            raise PhotonicsError(
                f"the response is not finite within the domain {self.domain}, for instance at {at}; choose another "
                "domain"
            )
        return values.to(torch.promote_types(values.dtype, torch.float64))

    def differentiable(self, points: Tensor) -> Tensor:
        """The same in the number type of the points, with whatever gradient the response has."""
        values = self._response(points)
        return values.abs().square() if self.readout == "intensity_sum" else values

    @cached_property
    def rounding(self) -> float:
        """What the response is rounded by, relative to its largest value: 2e-16 in double precision, or more.

        Over steps so small that a smooth response has no sixth difference, what is left is rounding: of single
        precision somewhere within, of large numbers that cancel, of a solver that stops early.
        """
        x = self.points("rounding", 32)
        across = torch.randn(x.shape, generator=self.generator("rounding steps"), dtype=torch.float64)
        places = torch.arange(7, dtype=torch.float64)[:, None, None]
        steps = torch.tensor(_STEPS, dtype=torch.float64)[:, None, None, None] * places * across
        values = self((x + steps).flatten(0, 2)).unflatten(0, (len(_STEPS), 7, len(x)))
        weights = torch.tensor(_SIXTH, dtype=torch.float64)
        left = torch.einsum("k,sk...->s...", weights.to(values), values).abs() / float(weights.norm())
        typical = float(left.quantile(0.75, dim=-1).max())  # a step of a converter within is rare
        largest = float(values.abs().max())
        return max(self._given, typical / largest if largest else 0.0)

    def restricted(self, chosen: Tensor) -> Probe:
        """The response to a few of its inputs, `(few,)` indices; the others are frozen at random in the domain."""
        frozen = self.points("frozen", 1)[0]

        def response(x: Tensor) -> Tensor:
            return self._response(frozen.to(x).expand(len(x), -1).index_copy(-1, chosen, x))

        return Probe(
            response, len(chosen), encoder=self.encoder, readout=self.readout, domain=self.domain, seed=self.seed
        )

    def generator(self, name: str) -> torch.Generator:
        """Random numbers for one purpose."""
        return torch.Generator().manual_seed(derive_key(self.seed, "universality", name))

    def points(self, name: str, n: int) -> Tensor:
        """Points `(n, inputs)` float64, uniform in the domain."""
        low, high = self.domain
        drawn = torch.rand(n, self.inputs, generator=self.generator(name), dtype=torch.float64)
        return low + (high - low) * drawn

    def _check(self) -> None:
        if self.encoder not in ("diagonal", "dense") or self.readout not in ("coherent", "intensity_sum"):
            raise PhotonicsError(
                f'encoder = {self.encoder!r}, readout = {self.readout!r}: choose "diagonal" or "dense", "coherent" or '
                '"intensity_sum"'
            )
        x = self.points("check", 4)
        given = self._response(x)
        if not isinstance(given, Tensor) or not (given.is_floating_point() or given.is_complex()):
            kind = given.dtype if isinstance(given, Tensor) else type(given).__name__
            raise PhotonicsError(f"the response gives {kind}; it must give a real or complex torch tensor")
        self.is_complex, self._given = given.is_complex(), torch.finfo(given.dtype).eps
        values = self(x) if given.ndim == 1 else given
        if tuple(values.shape) != (4,):
            raise PhotonicsError(
                f"the response gives {tuple(values.shape)} for inputs {tuple(x.shape)}; it must map (batch, inputs) to "
                "(batch,): choose one output, and of an ensemble one chip"
            )
        if not torch.equal(values, self(x)):
            raise PhotonicsError("the response answers the same inputs differently; fix its seed, or tell noise=")
        alone = torch.cat([self(row[None]) for row in x])
        if not torch.allclose(alone, values, rtol=1e-6, atol=1e-9 * float(values.abs().max())):
            raise PhotonicsError(
                "the response of a sample depends on the others of its batch; it must treat them apart"
            )
