"""Which fault of a liquid-crystal panel costs a diffractive network how much, and what helps against it?

Three phase masks of 32 x 32 pixels (card diffractive-visible) are trained on handwritten digits and judged on virtual
chips: one fault grows while the others stay as the card has them, with the same errors drawn for a chip at every value.
The table says at which value a chip loses one point of the accuracy that it has without this fault.

A panel shows phases modulo one turn, and fringing fields smear the steps from 2 pi to 0 over both neighbours. Training
starts in the middle of a turn, where such steps are few. A constant phase on a mask changes nothing where nothing is
amiss, so the same masks half a turn on, with many steps, are judged too; and masks that are trained with the fringing
field on: the model is differentiable through it.

Found with three networks of 98 % and ten chips each, median chip and 95 % of the chips (with 359 test samples a point
is 3.6 of them): a point is lost below 3.6 bits (3 to 4.2), with a fill factor of 0.91 (0.88 to 0.96) where the gaps are
clear and none down to 0.5 where they are dark, which costs light alone; at an rms of 0.28 px of fringing field (0.25 to
0.32), 0.24 rad of bow (0.12 to 0.47), 7.4 % of uneven response (3.1 to 13), 0.18 rad per pixel (0.06 to 0.33), 0.14 px
of shift (0.07 to 0.36), 0.26 mrad of tilt (0.06 to 0.56) and 0.12 mm along the axis (from 0.03).
A fringing field of 0.8 px leaves 61.2 %, and 12.3 % of the same masks half a turn on; those that were trained with it
read 94.6 %, and only 64.6 % on a panel without it: the field has to be known. Half a turn also harms where the response
is uneven, and helps where gaps are clear.

    python examples/panel_faults.py     # six minutes of one core; --data mnist --data-dir FOLDER takes longer
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _strengths import LOOK
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

import photonics_sim as ps
from photonics_sim.datasets import Dataset
from photonics_sim.device import Device, build_device
from photonics_sim.plots import Figure
from photonics_sim.training import fit_card

CARD = "diffractive-visible"
BENCH: dict[str, Any] = {"pixels": 32, "data_share": 1.0, "masks": 3, "spacing_mm": 4.0, "region_px": 5}
POINT = 0.01  # of accuracy, which a fault may cost
KNOWN_PX = 0.8  # the fringing field that the second training knows
BLUE, RED, GREEN = "#2a6f97", "#c8553d", "#3a8f6b"
AS_TRAINED, HALF_A_TURN, KNOWN = "as trained", "half a turn on", f"trained with {KNOWN_PX:g} px"
COLOURS = {AS_TRAINED: BLUE, HALF_A_TURN: GREEN, KNOWN: RED}


@dataclass(frozen=True)
class Fault:
    """A field of the card, and its values from the harmless one on.

    Attributes:
        title, label, unit: For people.
        field: Of the mask.
        values: The first does no harm.
        ways: Which masks are judged; those half a turn on differ only where the phase itself is what goes wrong.
        also: Other fields of the mask.
    """

    title: str
    label: str
    unit: str
    field: str
    values: tuple[float, ...]
    ways: tuple[str, ...] = (AS_TRAINED,)
    also: Mapping[str, float] | None = None


BOTH = (AS_TRAINED, HALF_A_TURN)
FILL = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
FAULTS = (
    Fault("steps of the drive", "resolution (bits)", "bits", "phase_bits", (8, 6, 5, 4, 3, 2, 1)),
    Fault("dark gaps", "fill factor", "", "fill_factor", FILL[::2]),
    Fault("clear gaps", "fill factor", "", "fill_factor", FILL, BOTH, {"gap_transmission": 1.0}),
    Fault("fringing fields", "width, rms (pixels)", "px", "fringing_px",
          (0, 0.15, 0.25, 0.35, 0.5, 0.8, 1.1, 1.5), (*BOTH, KNOWN)),
    Fault("lack of flatness", "bow and saddle, rms (rad)", "rad", "flatness_rad", (0, 0.1, 0.2, 0.4, 0.7, 1)),
    Fault("uneven response", "relative error, rms (%)", "", "response_error", (0, 0.02, 0.04, 0.07, 0.12, 0.2), BOTH),
    Fault("error of each pixel", "phase error, rms (rad)", "rad", "phase_error_rad", (0, 0.1, 0.2, 0.35, 0.6, 1)),
    Fault("masks beside the axis", "shift, rms per axis (pixels)", "px", "shift_px", (0, 0.1, 0.25, 0.5, 1, 2)),
    Fault("masks that turn light", "angle, rms per axis (mrad)", "mrad", "pointing_mrad", (0, 0.1, 0.25, 0.5, 1, 2)),
    Fault("masks along the axis", "shift, rms (µm)", "um", "defocus_um", (0, 25, 50, 100, 200, 400)),
)  # fmt: skip
Curves = dict[tuple[str, str], list[np.ndarray]]  # by fault and way; for each network (values, chips)


def trained(data: Dataset, seed: int, folder: Path, options: argparse.Namespace) -> dict[str, Callable[..., Device]]:
    """How to get the masks of each way with fields of the card replaced."""
    card = fit_card(ps.load_card(CARD, BENCH), data)
    known = fit_card(ps.load_card(CARD, BENCH | {"mask.fringing_px": KNOWN_PX}), data)
    more: dict[str, Any] = {"epochs": options.epochs, "batch_size": 64, "seed": seed, "chips": 0, "progress": False}
    first = ps.train(build_device(card, seed=seed), data, out=folder / f"{seed}", **more)
    second = ps.train(build_device(known, seed=seed), data, out=folder / f"{seed}-known", **more)
    return {
        AS_TRAINED: lambda fields: ps.load_trained(first, fields),
        HALF_A_TURN: lambda fields: onwards(ps.load_trained(first, fields)),
        KNOWN: lambda fields: ps.load_trained(second, fields),
    }


def onwards(device: Any) -> Device:
    """The device with all its phases half a turn on, which changes nothing where nothing is amiss."""
    with torch.no_grad():
        device.masks.phases += math.pi
    found: Device = device
    return found


def judged(data: Dataset, fault: Fault, masks: Callable[..., Device], chips: int, seed: int) -> np.ndarray:
    """Accuracy at each value of each chip, `(values, chips)`."""
    found = []
    for value in fault.values:
        fields = {f"mask.{name}": number for name, number in ({fault.field: value} | dict(fault.also or {})).items()}
        built = ps.evaluate(masks(fields), data, chips=chips, seed=seed).as_built
        found.append([] if built is None else built.scores)
    return np.array(found)


def study(folder: Path, faults: list[Fault], options: argparse.Namespace) -> Curves:
    data = ps.datasets.load(options.data, root=options.data_dir)
    curves: Curves = {(fault.title, way): [] for fault in faults for way in fault.ways}
    for seed in range(options.seeds):
        masks = trained(data, seed, folder, options)
        for fault in faults:
            for way in fault.ways:
                curves[fault.title, way].append(judged(data, fault, masks[way], options.chips, seed))
    return curves


def limits(fault: Fault, curve: np.ndarray) -> np.ndarray:
    """Where each chip has lost a point, on straight lines between the values; infinite where it never does."""
    found = np.full(curve.shape[1], np.inf)
    for chip, scores in enumerate(curve.T):
        lost = scores[0] - scores
        over = np.flatnonzero(lost > POINT)
        if len(over):
            at = over[0]
            share = (POINT - lost[at - 1]) / (lost[at] - lost[at - 1])
            found[chip] = fault.values[at - 1] + share * (fault.values[at] - fault.values[at - 1])
    return found


def nominal(fault: Fault) -> float:
    return float(ps.load_card(CARD).model_dump()["mask"][fault.field])


def show(curves: Curves, faults: list[Fault]) -> None:
    """The value that costs a point: of the median chip, of 95 % of the chips, and by network."""
    print(
        f"\nwhat costs {100 * POINT:g} point of accuracy (chips of all networks; - where none is lost over the range)"
    )
    print(f"{'fault':27s}{'masks':22s}{'card has':>9s}{'median':>9s}   {'95 % of chips':18s}{'each network':24s}unit")
    for fault in faults:
        # masks that know a fault are at their best with it, not without
        for way in [one for one in fault.ways if one != KNOWN]:
            each = [limits(fault, curve) for curve in curves[fault.title, way]]
            low, median, high = middle(fault, np.concatenate(each), (2.5, 50, 97.5))
            networks = ", ".join(said(*middle(fault, one, (50,))) for one in each)
            line = f"{fault.title:27s}{way:22s}{nominal(fault):9.3g}{said(median):>9s}   "
            print(line + f"{said(low) + ' to ' + said(high):18s}{networks:24s}{fault.unit}")
    for fault in faults:
        if KNOWN in fault.ways:
            compare(fault, curves)


def compare(fault: Fault, curves: Curves) -> None:
    """What knowing the fault wins back, and what it costs where there is none."""
    for value in (KNOWN_PX, fault.values[0]):
        at = fault.values.index(value)
        print(f"\n{fault.title} of {value:g} {fault.unit}: mean accuracy of the chips, and of those of each network")
        for way in fault.ways:
            means = [100 * curve[at].mean() for curve in curves[fault.title, way]]
            print(f"  {way:22s}{np.mean(means):5.1f} %   ({', '.join(f'{one:.1f}' for one in means)})")


def middle(fault: Fault, found: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    """Percentiles from the least to the most tolerant chip; one that never loses a point is the most tolerant."""
    sign = 1 if fault.values[-1] > fault.values[0] else -1
    ranked = np.where(np.isinf(found), np.inf, sign * found)
    return [abs(float(one)) for one in np.percentile(ranked, shares, method="inverted_cdf")]


def said(value: float) -> str:
    return "-" if np.isinf(value) else f"{value:.2g}" if value < 100 else f"{value:.0f}"


def draw(curves: Curves, faults: list[Fault]) -> Figure:
    columns = min(5, len(faults))
    rows = math.ceil(len(faults) / columns)
    figure = Figure(figsize=(9.4, 2.3 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for panel, fault in zip(panels.flat, faults, strict=False):
        draw_fault(panel, fault, curves)
    for panel in panels.flat[len(faults) :]:
        panel.set_axis_off()
    for row in panels:
        row[0].set(ylabel="test accuracy (%)", ylim=(0, 102))
    ways = {way for fault in faults for way in fault.ways}
    handles = [
        Line2D([], [], color=COLOURS[way], marker="o", markersize=3, label=way) for way in COLOURS if way in ways
    ]
    handles.append(Line2D([], [], color="0.35", linewidth=0.8, linestyle=":", label="the card's value"))
    handles.append(Line2D([], [], color="0.8", linewidth=6, label="95 % of the chips"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    return figure


def draw_fault(panel: Axes, fault: Fault, curves: Curves) -> None:
    """Mean of the chips of all networks, and where 95 % of them lie."""
    scale = 100 if fault.field == "response_error" else 1
    x = scale * np.array(fault.values)
    for way in fault.ways:
        chips = 100 * np.concatenate(curves[fault.title, way], axis=1)
        panel.fill_between(x, *np.percentile(chips, (2.5, 97.5), axis=1), color=COLOURS[way], alpha=0.18, linewidth=0)
        panel.plot(x, chips.mean(1), "o-", color=COLOURS[way], markersize=3, linewidth=1.3)
    panel.axvline(scale * nominal(fault), color="0.35", linewidth=0.8, linestyle=":", zorder=0)
    panel.set(xlabel=fault.label)
    panel.set_title(fault.title, fontsize=8.5)
    if fault.values[0] > fault.values[-1]:
        panel.invert_xaxis()
    if fault.field == "phase_bits":
        panel.set_xticks([8, 6, 4, 2])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", default="digits", help="digits, mnist, fashion-mnist")
    parser.add_argument("--data-dir", type=Path, help="folder of the data set's files; downloaded if left out")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3, help="networks, each with chips of its own")
    parser.add_argument("--chips", type=int, default=10, help="virtual chips of each network")
    fields = list(dict.fromkeys(fault.field for fault in FAULTS))
    parser.add_argument("--faults", nargs="+", default=fields, choices=fields, metavar="FIELD", help=", ".join(fields))
    parser.add_argument("--out", type=Path, default=Path("panel-faults.svg"))
    options = parser.parse_args()
    if min(options.seeds, options.chips) < 1:
        parser.error("at least 1 seed and 1 chip")
    faults = [fault for fault in FAULTS if fault.field in options.faults]
    with tempfile.TemporaryDirectory() as folder:
        curves = study(Path(folder), faults, options)
    show(curves, faults)
    with matplotlib.rc_context(LOOK):
        draw(curves, faults).write(options.out)
    print(f"\nfigure: {options.out}")


if __name__ == "__main__":
    main()
