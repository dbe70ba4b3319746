"""The report of a finished run, composed from its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from photonics_sim.device import ChipDrawing, Device, Scheduled, format_si
from photonics_sim.files import write_atomically
from photonics_sim.plots._report import ReportData, Table, card_rows, render_report
from photonics_sim.plots._run_figures import FIGURES, OpenRun, figures_of
from photonics_sim.runs import Run, measure_of

_HEADINGS = {
    "curves": (
        "Training",
        "Training part and validation part. The weights of the epoch that was best on the validation part were kept; "
        "the test part was looked at once, at the end.",
    ),
    "result": ("Result on the test part", "Nominal device, test part alone."),
    "light": (
        "Light on its way",
        "The first test sample: what it looks like to the device, the light and the phases that it meets on its way, "
        "and the light at the detectors, of which that of the sample's own class is marked.",
    ),
    "way": (
        "The light on its way, from the side",
        "The first test sample's light between the planes too: the power on each column of pixels, over three decades. "
        "Light goes from left to right; what leaves the picture, or falls beside a mask, is lost. At the right, the "
        "detector of the sample's own class.",
    ),
    "chip": (
        "The chip",
        "The chip as trained, with the light of the first test sample on its way from left to right: the more power a "
        "waveguide carries, the wider and darker it is. A crossing is an interferometer, in the colour of the phase "
        "between its splitters; a dot is another phase shifter. Splitter errors, where the card has some, are those of "
        "one fabricated chip.",
    ),
    "costs": ("Where time and energy go", "One pass, from the numbers of the card."),
    "timeline": (
        "One pass in time",
        "What each part does when, in one way or another; mind the scales of time. Products are numbered in their "
        "order. What is too short to be seen is a line.",
    ),
    "ageing": (
        "Ageing",
        "Test score of fabricated chips after their weights have stood for some time since they were written. Time is "
        "logarithmic; the dotted piece leads to it from the score at once.",
    ),
}
_COUNTS = {2: "two", 3: "three"}
_WAYS = (
    "One pass, all its parts included; in brackets the ratio to the first way. Endurance: hours of passes without a "
    "pause until the cell that is written most is worn out."
)


def run_report(run: Run) -> Path:
    """Write `report.html` of a finished run.

    Returns:
        The path of the page.

    Raises:
        PhotonicsError: where the run is not finished, or its files are damaged.
    """
    write_atomically(run.report_path, render_report(_data(OpenRun(run).require_finished())))
    return run.report_path


def _data(opened: OpenRun) -> ReportData:
    run, costs = opened.run, opened.device.costs().to_dict()
    config = run.config
    return ReportData(
        title=run.path.name,
        sentence=_sentence(run.card.name, opened.summary),
        tiles=_tiles(opened.summary, costs, opened.drawings) + _wear_tiles(opened),
        figures=[(*_HEADINGS[name], FIGURES[name](opened).svg()) for name in figures_of(opened)],
        tables=_tables(opened.device),
        link_budget=_link_rows(costs),
        settings=[(key.replace("_", " "), str(value)) for key, value in config.training.model_dump().items()],
        card=card_rows(run.card),
        not_modelled=run.card.not_modelled,
        command=config.made.command,
        reproduce=[
            ("seed", str(config.training.seed)),
            ("made", config.made.date),
            ("threads", str(config.made.threads)),
            ("data", f"{config.data.name}, sha256 {config.data.digest}"),
            *config.made.versions.items(),
            (
                "exactness",
                "the same numbers on the same machine with as many threads; rounding differs elsewhere",
            ),
        ],
        citations=[*run.card.references, *filter(None, [config.data.citation, config.data.licence])],
    )


def _sentence(card: str, summary: Mapping[str, Any]) -> str:
    measure = measure_of(summary["task"])
    built = summary.get("as_built")
    others = "other chips" if summary.get("on_device") else "fabricated ones"
    as_built = f"; {built['chips']} {others} reach {measure.shown(built['mean'])} on average" if built else ""
    return (
        f"{card}, trained on {summary['data']} for {summary['epochs']} epochs, reaches a test {measure.label} of "
        f"{measure.shown(summary[f'test_{measure.name}'])}{as_built}."
    )


def _tiles(
    summary: Mapping[str, Any], costs: Mapping[str, Any], drawings: Sequence[ChipDrawing]
) -> list[tuple[str, str, str]]:
    measure = measure_of(summary["task"])
    nominal = measure.shown(summary[f"test_{measure.name}"])
    of, others = ("trained chip", "other chips") if summary.get("on_device") else ("nominal", "as built")
    tiles = [(f"Test {measure.label}, {of}", nominal, f"{summary['test_samples']} samples")]
    built = summary.get("as_built")
    if built:
        low, high = measure.shown(built["low"]), measure.shown(built["high"])
        span = f"95 % of {built['chips']} chips within {low} to {high}"
        tiles.append((f"Test {measure.label}, {others}", measure.shown(built["mean"]), span))
    if drawings:
        drawn = sum(float(drawing.electrical_power_w.sum()) for drawing in drawings)
        shifters = sum(len(drawing.phases) for drawing in drawings)
        tiles.append(("Shifter drives", format_si(drawn, "W"), f"{shifters:,} phase shifters at their settings"))
    return [
        *tiles,
        ("Energy per inference", format_si(costs["energy_j"], "J"), "from the card, laser included"),
        ("Latency", format_si(costs["latency_s"], "s"), "one inference, from the card"),
    ]


def _wear_tiles(opened: OpenRun) -> list[tuple[str, str, str]]:
    """What slow weights have been through."""
    summary, tiles = opened.summary, []
    if "writes" in summary:
        used = summary["endurance_used"]
        note = f"{100 * used:.2g} % of its endurance used" if used > 0 else ""
        tiles.append(("Writes of each cell", f"{summary['writes']:,}", note))
        if opened.run.config.training.on_device:
            spent = f"{format_si(summary['hardware_joules'], 'J')}, writing included"
            tiles.append(("Training on the device", format_si(summary["hardware_seconds"], "s"), spent))
    return tiles


def _tables(device: Device) -> list[Table]:
    """Other ways to build what was trained."""
    ways = device.alternatives() if isinstance(device, Scheduled) else []
    if not ways:
        return []
    heading = f"The same device, {_COUNTS.get(len(ways), str(len(ways)))} ways"
    return [Table(heading, _WAYS, [way.shown(ways[0]) for way in ways])]


def _link_rows(costs: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for link in costs["links"]:
        rows += [
            ("laser, optical power", format_si(link["laser_power_w"], "W")),
            ("laser, wall plug", format_si(link["wall_plug_power_w"], "W")),
            *((f"loss: {name}", f"{loss:.2f} dB") for name, loss in link["losses_db"].items()),
            ("power on one detector", format_si(link["received_power_w"], "W")),
            ("photocurrent", format_si(link["signal_current_a"], "A")),
            ("noise of one reading, rms", format_si(link["noise_current_a"], "A")),
            ("signal to noise", f"{link['signal_to_noise_db']:.1f} dB"),
            ("effective bits", f"{link['effective_bits']:.1f}"),
        ]
    return rows
