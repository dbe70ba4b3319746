"""The report of a universality check as one page."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from photonics_sim.analysis import Strength, UniversalityReport
from photonics_sim.device import Card
from photonics_sim.files import write_atomically
from photonics_sim.plots._report import ReportData, Table, card_rows, render_report, typed_command
from photonics_sim.plots._universality import plot_coupling, plot_orders, plot_residuals
from photonics_sim.runs import make_note

_ORDERS = (
    "Which mixed derivatives vanish",
    "Each row is a derivative, by its order in each input. One that is not zero shows the same of all orders below "
    "it; one that vanishes takes all larger ones with it, and functions that need it are out of reach.",
)
_COUPLING = (
    "How many inputs are coupled",
    "How much of the variance of the response needs so many inputs together. What is weak here is lost in noise before "
    "anything else, whatever the verdict.",
)
_STRENGTH = (
    "How strongly all inputs are coupled",
    "How much of the variance of the response needs all of them together, with its 95 % interval, or the upper end of "
    "that where noise hides it.",
)
_RESIDUALS = (
    "What few features reach",
    "Functions on [-1, 1]^d by least squares on features with random scales and biases, error on points held out. A "
    "residual that falls shows reach at this size; one that stays is no proof by itself.",
)


def universality_report(found: UniversalityReport, path: Path, *, name: str, card: Card | None = None) -> None:
    """Write the report of `check_universality` as one HTML page: offline, with its figures inside.

    Args:
        found: The report.
        path: Of the page.
        name: What was judged.
        card: Of the device, if it has one.

    Raises:
        PhotonicsError: where the file cannot be written.
    """
    write_atomically(path, render_report(_data(found, name, card)))


def _data(found: UniversalityReport, name: str, card: Card | None) -> ReportData:
    made = make_note(typed_command(), threads=1)  # no number here depends on threads
    figures = []
    if found.measured:
        figures.append((*_ORDERS, plot_orders(found).svg()))
    if found.coupling or found.spectrum is not None:
        figures.append((*_COUPLING, plot_coupling(found).svg()))
    if found.residuals:
        figures.append((*_RESIDUALS, plot_residuals(found).svg()))
    if not figures:  # through noise the strength is all there is
        figures.append((*_STRENGTH, plot_coupling(replace(found, coupling={found.inputs: found.strength})).svg()))
    return ReportData(
        title=f"{name} · {found.encoder} encoder, {found.readout.replace('_', ' ')} read-out",
        sentence=_sentence(found, name),
        tiles=_tiles(found),
        figures=figures,
        caveats=found.caveats,
        tables=_tables(found),
        card=card_rows(card) if card else (),
        not_modelled=card.not_modelled if card else (),
        command=made.command,
        reproduce=[("made", made.date), *made.versions.items()],
        citations=["arXiv:2509.05420 (Savinson, Norris, Mishra, Lanthaler, 2025)", *(card.references if card else ())],
    )


def _sentence(found: UniversalityReport, name: str) -> str:
    of = f"{found.inputs} input{'s' if found.inputs > 1 else ''}"
    if found.verdict == "degenerate":
        surely = "however many copies are summed" if found.is_exact else "as far as was sampled"
        return f"{name} is degenerate in {of}: some functions of them stay out of reach, {surely}."
    whole = ""
    if found.paths is not None and found.paths.refutes:
        whole = f" All {found.paths.inputs} inputs together are degenerate: too few meet on a path of light."
    if found.verdict == "nondegenerate":
        up_to = "in all orders" if found.order_proved == "all" else f"up to order {found.order_proved} in each"
        return f"{name} is non-degenerate in {of} {up_to}: no such derivative of its response vanishes.{whole}"
    return f"Whether {name} is degenerate in {of} is not decided.{whole}"


def _tiles(found: UniversalityReport) -> list[tuple[str, str, str]]:
    certificate = found.certificate
    tiles = [("Coupling of all inputs", *_coupling_tile(found.strength))]
    if found.witness is not None:
        w = found.witness
        of = f"{w.kind} of order {' '.join(map(str, w.alpha))}; rounding gives {w.floor:.1g}"
        tiles.append(("Witness", f"{w.largest:.2g}", of if len(w.alpha) <= 6 else f"{w.kind} of {sum(w.alpha)} inputs"))
    if found.paths is not None:
        note = f"a path of light meets {found.paths.crossings} at most"
        tiles.append(("Inputs that can be coupled", str(found.paths.coupled), note))
    if certificate is not None and certificate.holds:
        note = "largest error of any sum of features on a function that it misses"
        tiles.append(("Error that remains", f"{certificate.error:.2g}", note))
    return tiles


def _coupling_tile(strength: Strength) -> tuple[str, str]:
    """Its value and what that means: a share within two standard errors of 0 is no number to quote."""
    share, error = strength.share, strength.error
    if not error > 0 or share >= 2 * error or math.isnan(share):
        return f"{share:.2g}", f"share of the variance; standard error {error:.1g}"
    limit = max(share, 0.0) + 2 * error
    return "not seen", f"below {limit:.1g} of the variance" if limit < 1 else "noise hides any share of the variance"


def _tables(found: UniversalityReport) -> list[Table]:
    tables = []
    if found.measured and len(found.measured[0].alpha) <= 6:
        rows = [
            {
                "order": " ".join(map(str, one.alpha)),
                "measured": one.kind,
                "largest": f"{one.largest:.3g}",
                "median": f"{one.median:.3g}",
                "rounding": f"{one.floor:.2g}",
                "verdict": "vanishes" if one.is_zero else "not zero" if one.is_nonzero else "open",
            }
            for one in found.measured
        ]
        hint = "Not zero is more than a thousand times what rounding may give, vanishing less than thirty times."
        tables.append(Table("Orders that were measured", hint, rows))
    return tables
