"""Samples on their way into a device."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from photonics_sim.datasets import Pipeline


@dataclass(frozen=True)
class Samples:
    """The inputs of one part, prepared once, or batch by batch where that takes much more memory than the raw ones.

    Attributes:
        raw: Raw samples, `(n, *shape)`.
        pipeline: What prepares them.
        like: A tensor of the type that a device takes, where it takes it.
        prepared: Prepared samples `(n, features)`; None where each batch is prepared when it is asked for.
    """

    raw: Tensor
    pipeline: Pipeline
    like: Tensor
    prepared: Tensor | None

    @classmethod
    def of(cls, raw: Tensor, pipeline: Pipeline, like: Tensor, *, lazy: bool = False) -> Samples:
        """Samples for a device whose parameters are `like`; `lazy` ones are never prepared all at once."""
        prepared = None if lazy or pipeline.expands else pipeline.inputs(raw).to(like)
        return cls(raw, pipeline, like, prepared)

    def __len__(self) -> int:
        return len(self.raw)

    def __getitem__(self, index: Tensor | slice) -> Tensor:
        """Prepared samples of these numbers, `(b, features)`."""
        if self.prepared is not None:
            return self.prepared[index]
        return self.pipeline.inputs(self.raw[index]).to(self.like)
