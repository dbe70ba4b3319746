"""From what a user asks to a plan: the target, the axes and their kinds, the trial; refused here or never."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from photonics_sim.device import Card, list_devices, load_card, render_card, unit_of
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import write_tensors
from photonics_sim.runs import Run, find_run, list_runs
from photonics_sim.sweeps._axis import Axis
from photonics_sim.sweeps._design import make_points
from photonics_sim.sweeps._job import Job
from photonics_sim.sweeps._plan import Plan, chip_seeds, shard_of
from photonics_sim.sweeps._provenance import conditions
from photonics_sim.sweeps._result import Design
from photonics_sim.sweeps._trial import FreeSettings, FunctionTrial, Trial, checked_settings, reference_of, trial_class
from photonics_sim.sweeps._vary import Varied, as_varied, fit_kind
from photonics_sim.sweeps._work import trial_of

if TYPE_CHECKING:
    from photonics_sim.device import Device

MOST_CHIPS = 10_000_000
DEVICE_FILE = "device.safetensors"
_MOST_CHECKED = 1000
Target: TypeAlias = "Card | Device | Run"


@dataclass(frozen=True)
class Asked:
    """A sweep as it was asked for; see `sweep` for the fields."""

    target: Target
    vary: Mapping[str, Any]
    chips: int | None = None
    trial: str | Callable[..., Any] | None = None
    seed: int = 0
    design: str = "grid"
    samples: int | None = None
    settings: Mapping[str, Any] | None = None
    origin: str = ""
    threads: int = 1
    shard: str | None = None
    command: str = ""

    def plan(self) -> Plan:
        """See `make_plan`."""
        return make_plan(self)


def make_plan(asked: Asked) -> Plan:
    """The plan of what was asked; paths in its job are absolute still.

    Raises:
        PhotonicsError: names the path, field, value or trial that does not fit, and what would.
    """
    if not asked.vary:
        raise PhotonicsError("nothing is varied; say what with --vary path=low:high:count")
    if asked.seed < 0:
        raise PhotonicsError(f"--seed {asked.seed}: seeds are 0 or more")
    name = _trial_name(asked)
    kind = trial_class(name)
    overrides, given = _split_settings(_card_of(asked.target), kind, asked.settings or {})
    card = _card_of(asked.target).override(overrides, where="--set")
    job = Job(
        trial=name,
        card=render_card(card),
        run=str(asked.target.path.resolve()) if isinstance(asked.target, Run) else "",
        settings=given,
        seed=asked.seed,
        threads=asked.threads,
        dtype=_dtype(),
        paths=(os.getcwd(),) if kind is FunctionTrial else (),
    )
    varied = {path: _checked(path, as_varied(values, where=f"vary {path}"), card, kind, given)
              for path, values in asked.vary.items()}  # fmt: skip
    chips = kind.chips if asked.chips is None else asked.chips
    points = make_points(asked.design, varied, samples=asked.samples, seed=asked.seed)
    total = len(next(iter(points.values()))) * chips
    if not chips >= 1 or total > MOST_CHIPS:
        raise PhotonicsError(f"--chips {chips}: from 1 on, and at most {MOST_CHIPS:,} trials in all (here {total:,})")
    return Plan(
        name=card.name,
        origin=asked.origin,
        job=job,
        design=cast(Design, asked.design),
        axes=tuple(_axis(path, one, card, kind) for path, one in varied.items()),
        points=points,
        seeds=chip_seeds(asked.seed, chips),
        block=min(kind.block, chips),
        meanings=trial_of(job).meanings(),
        weights=weights_digest(asked.target) if isinstance(asked.target, Run) else "",
        overrides=overrides,
        shard=shard_of(asked.shard) if asked.shard else (1, 1),
        conditions=conditions(job, asked.command),
    )


def _dtype() -> str:
    """torch's number type, without loading torch for it."""
    torch = sys.modules.get("torch")
    return str(torch.get_default_dtype()).removeprefix("torch.") if torch else Job.dtype


def _trial_name(asked: Asked) -> str:
    if asked.trial is None:
        return default_trial(asked.target)
    return asked.trial if isinstance(asked.trial, str) else reference_of(asked.trial)


def default_trial(target: Target) -> str:
    """What is measured where nobody says."""
    return "evaluate" if isinstance(target, Run) else "fidelity"


def _card_of(target: Target) -> Card:
    card = target if isinstance(target, Card) else target.card
    if card is None:
        raise PhotonicsError("a sweep varies the card of a device, and this one has none; give one built from a card")
    return card


def _split_settings(
    card: Card, kind: type[Trial], settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the card to replace, and settings of the trial."""
    prefix = f"{kind.prefix}."
    own = {path.removeprefix(prefix): value for path, value in settings.items() if path.startswith(prefix)}
    others = {path: value for path, value in settings.items() if not path.startswith(prefix)}
    for path in others:
        _example(path, card, kind)
    checked_settings(kind, own)
    return others, own


def _example(path: str, card: Card, kind: type[Trial]) -> object:
    """A value that this path takes; None where any will do.

    Raises:
        PhotonicsError: where neither the card nor the trial has such a path.
    """
    fields = {field.path: field.value for field in card.fields()}
    if path in fields:
        return fields[path]
    own = {f"{kind.prefix}.{name}": info.default for name, info in kind.settings.model_fields.items()}
    if path in own:
        return own[path]
    is_free = kind.settings is FreeSettings and path.startswith(f"{kind.prefix}.")
    if is_free and all(map(str.isidentifier, path.split("."))):
        return None
    known = [*fields, *own]
    raise PhotonicsError(
        f"no field {path} in card {card.name}{did_you_mean(path, known)} (`photonics-sim devices fields {card.name}` "
        f"lists all{'; of the trial: ' + ', '.join(own) if own else ''})"
    )


def _checked(path: str, varied: Varied, card: Card, kind: type[Trial], given: Mapping[str, Any]) -> Varied:
    """Values of the kind that the path takes, each within its range."""
    example = _example(path, card, kind)
    if example is not None:
        varied = fit_kind(path, varied, example)
    values = varied.values if len(varied.values) <= _MOST_CHECKED else varied.values[[0, -1]]
    in_card = any(field.path == path for field in card.fields())
    for value in values.tolist():
        if in_card:
            card.override({path: value}, where="--vary")
        else:
            checked_settings(kind, {**given, path.removeprefix(f"{kind.prefix}."): value})
    return varied


def _axis(path: str, varied: Varied, card: Card, kind: type[Trial]) -> Axis:
    meanings = {field.path: field.meaning for field in card.fields()}
    meanings |= {f"{kind.prefix}.{name}": info.description or "" for name, info in kind.settings.model_fields.items()}
    unit = unit_of(path.rpartition(".")[2])
    return Axis(path, varied.values, unit.symbol if unit else "1", meanings.get(path, ""))


def weights_digest(run: Run) -> str:
    """SHA-256 of the trained weights of a run.

    Raises:
        PhotonicsError: where it has none yet.
    """
    try:
        return _digest(run.model_path)
    except OSError:
        raise PhotonicsError(
            f"{run.path} has no finished epoch yet; `photonics-sim resume {run.path}` goes on with it"
        ) from None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def settle(plan: Plan, folder: Path, target: Target | None) -> Plan:
    """The plan with paths relative to its folder, and the settings of a device given as an object beside it."""
    job = plan.job
    if target is not None and not isinstance(target, Card | Run):
        arrays = {name: value.detach().cpu().numpy() for name, value in target.state_dict().items()}
        write_tensors(folder / DEVICE_FILE, arrays, {})
        job = replace(job, weights=DEVICE_FILE)
        plan = replace(plan, weights=_digest(folder / DEVICE_FILE))
    return replace(plan, job=job).relocated(Path("/"), folder)


def placed(job: Job, folder: Path) -> Job:
    """The job with the paths of a settled plan made absolute."""

    def absolute(path: str) -> str:
        return str((folder / path).resolve()) if path else ""

    paths = (*map(absolute, job.paths), os.getcwd()) if job.paths else ()  # a module may have moved to where we are
    return replace(job, run=absolute(job.run), weights=absolute(job.weights), paths=paths)


def find_target(given: Target | str | Path) -> Target:
    """What is swept, from whatever names it: a run under `runs/` or in a folder, a card, a card's file.

    Raises:
        PhotonicsError: where there is neither; near names are suggested.
    """
    if not isinstance(given, str | Path):
        return given
    name = str(given)
    try:
        return find_run(name)
    except PhotonicsError:
        cards = [header.name for header in list_devices()]
        if name in cards or name.endswith(".toml"):
            return load_card(name)
        known = cards + [run.path.name for run in list_runs()]
        raise PhotonicsError(
            f"{name} is neither a run nor a card{did_you_mean(name, known)} (`photonics-sim runs list`, "
            "`photonics-sim devices list`)"
        ) from None
