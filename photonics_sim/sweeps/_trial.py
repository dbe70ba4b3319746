"""What is done at a point of a sweep: the interface, and finding a trial by its name."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, ValidationError

from photonics_sim.device import explain_invalid
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.sweeps._axis import Meaning
from photonics_sim.sweeps._job import Job

if TYPE_CHECKING:
    from photonics_sim.sweeps._subject import Subject


class Settings(BaseModel):
    """What a trial can be told; each of its fields can be varied too, as `<trial>.<field>`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Trial(ABC):
    """What is done at each point. A subclass is final; a worker makes one and uses it for all its points.

    Attributes:
        prefix: Of the paths of its settings.
        settings: Schema of these.
        chips: Virtual chips at each point, where the user does not say.
        block: Most chips that are computed in one call.
    """

    prefix: ClassVar[str]
    settings: ClassVar[type[Settings]] = Settings
    chips: ClassVar[int] = 1
    block: ClassVar[int] = 1

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def subject(self) -> Subject:
        """The device that is swept."""
        from photonics_sim.sweeps._subject import Subject  # a function of the user's own need not wait for torch

        return Subject(self.job)

    @abstractmethod
    def meanings(self) -> dict[str, Meaning]:
        """What each number that it returns is, the most important one first; empty where only a trial can tell."""

    @abstractmethod
    def measure(self, params: Mapping[str, Any], seeds: Sequence[int]) -> Mapping[str, ArrayLike]:
        """Numbers or arrays of these chips at one point, each `(chips, ...)`.

        Args:
            params: Value of each varied path.
            seeds: Of the chips; the same at every point.
        """

    def split(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Fields of the card, and the settings of the trial at this point.

        Raises:
            PhotonicsError: for a setting out of range.
        """
        own = {path: value for path, value in params.items() if path.startswith(f"{self.prefix}.")}
        told = dict(self.job.settings) | {path.removeprefix(f"{self.prefix}."): value for path, value in own.items()}
        fields = {path: value for path, value in params.items() if path not in own}
        return fields, checked_settings(type(self), told)


def checked_settings(trial: type[Trial], values: Mapping[str, Any]) -> Settings:
    """The settings of a trial.

    Raises:
        PhotonicsError: for an unknown one, or a value out of range.
    """
    try:
        return trial.settings(**values)
    except ValidationError as error:
        raise PhotonicsError(explain_invalid(error, trial.settings, where=trial.prefix, text="")) from None


class FreeSettings(Settings):
    """Whatever a function of the user's own understands."""

    model_config = ConfigDict(extra="allow", frozen=True)


class FunctionTrial(Trial):
    """A function of the user's own, `trial(params, seed) -> dict` of numbers and arrays.

    Args:
        job: Its trial is "module:function"; its settings are passed on among the params.
    """

    prefix: ClassVar[str] = "trial"
    settings: ClassVar[type[Settings]] = FreeSettings

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._function = find_function(job.trial)

    def meanings(self) -> dict[str, Meaning]:
        return {}

    def measure(self, params: Mapping[str, Any], seeds: Sequence[int]) -> Mapping[str, ArrayLike]:
        told = {f"{self.prefix}.{name}": value for name, value in self.job.settings.items()}
        found = [self._function({**told, **params}, seed) for seed in seeds]
        for one in found:
            if not isinstance(one, Mapping) or not one:
                raise PhotonicsError(f"{self.job.trial} returned {type(one).__name__}; expected a dict of numbers")
        if len(found) == 1:  # numbers stay what they are, which a short trial notices
            return {str(name): [value] for name, value in found[0].items()}
        return {str(name): np.stack([np.asarray(one[name]) for one in found]) for name in found[0]}


def find_function(reference: str) -> Callable[[Mapping[str, Any], int], Mapping[str, Any]]:
    """The function that "module:function" names.

    Raises:
        PhotonicsError: where it cannot be imported, or is none.
    """
    module, _, name = reference.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError, SyntaxError) as error:
        raise PhotonicsError(f"--trial {reference}: cannot import it ({error}); run from its folder") from error
    if not callable(found):
        raise PhotonicsError(f"--trial {reference} is no function trial(params, seed)")
    return found  # type: ignore[no-any-return]


def reference_of(function: Callable[..., Any]) -> str:
    """ "module:function" of a function, so that any worker can import it.

    Raises:
        PhotonicsError: for a lambda, a nested function, or one of the script itself.
    """
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "<lambda>")
    if not module or "<" in name or module == "__main__":
        raise PhotonicsError(
            f"trial {name} cannot be imported by a worker; put it at the top level of a module (a .py file beside "
            "your script) and import it from there"
        )
    return f"{module}:{name}"


_TRIALS = {
    "fidelity": "photonics_sim.sweeps._fidelity:FidelityTrial",
    "evaluate": "photonics_sim.sweeps._evaluate:EvaluateTrial",
    "train": "photonics_sim.sweeps._train:TrainTrial",
    "universality": "photonics_sim.sweeps._universality:UniversalityTrial",
}


def trial_class(name: str) -> type[Trial]:
    """The trial of this name.

    Raises:
        PhotonicsError: for an unknown name; near ones are suggested.
    """
    if ":" in name:
        return FunctionTrial
    if name not in _TRIALS:
        raise PhotonicsError(
            f"no trial {name!r}{did_you_mean(name, _TRIALS)}; choose {', '.join(_TRIALS)} or module:function"
        )
    module, _, kind = _TRIALS[name].partition(":")
    found: type[Trial] = getattr(importlib.import_module(module), kind)
    return found
