"""How strongly a device couples its inputs, at each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from numpy.typing import ArrayLike
from pydantic import Field

from photonics_sim.analysis import check_universality
from photonics_sim.sweeps._axis import Meaning
from photonics_sim.sweeps._trial import Settings, Trial

_VERDICTS = {"nondegenerate": 1.0, "degenerate": 0.0, "inconclusive": 0.5}


class UniversalitySettings(Settings):
    """Of `UniversalityTrial`."""

    inputs: int = Field(default=3, ge=1, le=10**5, description="inputs that are tested together")
    order: int = Field(default=2, ge=1, le=20, description="derivatives up to this order in each input")
    noise: float = Field(default=0.0, ge=0, le=1e12, description="rms of one reading of what is summed")


class UniversalityTrial(Trial):
    """The non-degeneracy check on chips as built: its verdict, and the variance that couples all inputs."""

    prefix: ClassVar[str] = "universality"
    settings: ClassVar[type[Settings]] = UniversalitySettings

    def meanings(self) -> dict[str, Meaning]:
        return {
            "coupling": Meaning("1", "share of the variance that couples all inputs", higher_is_better=True),
            "coupling_error": Meaning("1", "standard error of the coupling"),
            "nondegenerate": Meaning("1", "1 non-degenerate, 0 degenerate, 0.5 inconclusive", higher_is_better=True),
        }

    def measure(self, params: Mapping[str, Any], seeds: Sequence[int]) -> Mapping[str, ArrayLike]:
        fields, told = self.split(params)
        device = self.subject.device(fields)
        found = [
            check_universality(
                device.as_built(seed), told.inputs, order=told.order, noise=told.noise, seed=seed % 2**31
            )
            for seed in seeds
        ]
        return {
            "coupling": [one.strength.share for one in found],
            "coupling_error": [one.strength.error for one in found],
            "nondegenerate": [_VERDICTS[one.verdict] for one in found],
        }
