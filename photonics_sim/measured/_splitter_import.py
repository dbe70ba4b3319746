"""A coupler's file into a card file of one's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from photonics_sim.device import Card, Section, card_sections, load_card, require_own_card, update_card
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.measured._read import read_sparameters
from photonics_sim.measured._sparameters import Passivity, Reciprocity, SParameters, passivity, reciprocity
from photonics_sim.measured._splitter_fit import SplitterFit, fit_splitter
from photonics_sim.mesh._cards import SplitterCard


@dataclass(frozen=True)
class SplitterImport:
    """What an import found and wrote: `before` and `after` are the card's splitter."""

    parameters: SParameters
    passivity: Passivity
    reciprocity: Reciprocity
    fit: SplitterFit
    before: SplitterCard
    after: SplitterCard
    source: str


def splitter_sections(card: Card) -> list[str]:
    """The dotted paths of a card's splitters, which `import_splitter` can write into."""
    return [path for path, section in card_sections(card).items() if isinstance(section, SplitterCard)]


def import_splitter(
    path: str | os.PathLike[str],
    into: str | os.PathLike[str],
    at: str,
    *,
    wavelength_m: float | None = None,
    ports: str | None = None,
    angle: str | None = None,
) -> SplitterImport:
    """Reduce a coupler's S-parameters and write them, with their source, into a splitter of a card file.

    Args:
        path: S-parameters; see `read_sparameters`.
        into: A card file (.toml) of one's own; its comments stay.
        at: Dotted path of the splitter, such as `mesh.splitter`.
        wavelength_m: In metres; by default the card's design wavelength, where the coupling holds.
        ports: See `fit_splitter`.
        angle: See `read_sparameters`.

    Raises:
        PhotonicsError: where either file is refused, `at` is no splitter, or the wavelength is not the card's design
            wavelength. The card is then unchanged.
    """
    into = Path(into)
    require_own_card(into)
    card = load_card(into)
    before = _splitter(card, at, into)
    around = card_sections(card).get(at.rpartition(".")[0])
    wavelength_m = _choose_wavelength(around, wavelength_m, into, at)
    parameters = read_sparameters(path, angle=angle)
    fit = fit_splitter(parameters, wavelength_m, ports)
    values = fit.card_values()
    source = f"{parameters.source}, sha256 {parameters.sha256[:16]}, {1e9 * wavelength_m:.6g} nm"
    changed = update_card(into, at, values, source=source)
    after = _splitter(changed, at, into)
    return SplitterImport(parameters, passivity(parameters), reciprocity(parameters), fit, before, after, source)


def _splitter(card: Card, at: str, file: Path) -> SplitterCard:
    found = card_sections(card).get(at)
    if isinstance(found, SplitterCard):
        return found
    known = splitter_sections(card)
    choose = f"import into {' or '.join(known)}" if known else "this card has none"
    raise PhotonicsError(f"{file}: {at} is no splitter{did_you_mean(at, known)} ({choose})")


def _choose_wavelength(around: Section | None, given: float | None, card: Path, at: str) -> float:
    """The card's design wavelength: elsewhere, the coupling would not be what the card calls coupling."""
    design_nm = getattr(around, "design_wavelength_nm", None)
    if design_nm is None:
        if given is None:
            raise PhotonicsError(f"{card} names no design wavelength beside {at}; give --wavelength-nm (wavelength_m=)")
        return given
    if given is not None and not abs(1e9 * given - design_nm) <= 1e-6 * design_nm:
        field = f"{at.rpartition('.')[0]}.design_wavelength_nm"
        raise PhotonicsError(
            f"{card}: a coupling holds at {field} = {design_nm:g}, and {1e9 * given:g} nm was asked for; change "
            "that field of the card first, or leave the wavelength out"
        )
    return 1e-9 * float(design_nm)
