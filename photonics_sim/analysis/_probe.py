"""A response under examination: evaluated in double precision, checked, and read as it is detected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from photonics_sim.device import derive_key
from photonics_sim.errors import PhotonicsError

Response = Callable[[Tensor], Tensor]
Encoder = Literal["diagonal", "dense"]
Readout = Literal["coherent", "intensity_sum"]
CHUNK = 1 << 16


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
        self._response, self.inputs = response, inputs
        self.encoder: Encoder = encoder
        self.readout: Readout = readout
        self.domain, self.seed = domain, seed
        self._check()

    def __call__(self, points: Tensor) -> Tensor:
        """Values `(n,)` complex128 or float64 at points `(n, inputs)`, without gradient."""
        with torch.no_grad():
            parts = [self.differentiable(part) for part in points.split(CHUNK)]
        return torch.cat(parts)

    def differentiable(self, points: Tensor) -> Tensor:
        """The same in the number type of the points, with whatever gradient the response has."""
        values = self._response(points)
        return values.abs().square() if self.readout == "intensity_sum" else values

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
        x = self.points("check", 4)
        values = self(x)
        if tuple(values.shape) != (4,):
            raise PhotonicsError(
                f"the response gives {tuple(values.shape)} for inputs {tuple(x.shape)}; it must map (batch, inputs) to "
                "(batch,): choose one output"
            )
        if not bool(torch.isfinite(values.abs()).all()):
            raise PhotonicsError(
                f"the response is not finite within the domain {self.domain}, for instance at {x[0].tolist()}; choose "
                "another domain"
            )
        if not torch.equal(values, self(x)):
            raise PhotonicsError("the response answers the same inputs differently; fix its seed, or tell noise=")
        alone = torch.cat([self(row[None]) for row in x])
        if not torch.allclose(alone, values, rtol=1e-6, atol=1e-9 * float(values.abs().max())):
            raise PhotonicsError(
                "the response of a sample depends on the others of its batch; it must treat them apart"
            )
