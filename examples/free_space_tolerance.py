"""What matters most for a free-space network: the resolution of its SLM, its alignment, or the noise of its detectors?

Networks of the card free-space-scatterer, trained on the bundled digits without any of the three, are judged as built.
Above: accuracy along one parameter while the others do no harm, for 40 virtual chips of each network, and how far 90 %
of the chips of every network keep 98 % of its accuracy. Below: Sobol' indices of the mean over chips; whiskers are 95 %
over the points of a sample, whose chips are always the same. Ranges: 1 to 8 bits (ferroelectric panels switch between
two phases, micromirrors have 3 to 4 bits, liquid crystal 8 and more); a panel put to within 1 pixel, or aligned to 0.2;
amplifiers of 1 to 100 pA/sqrt(Hz) at 1 MHz; the 10 mW of the card, or 30 dB less, for it counts no losses.

Found with three networks of 96.7, 98.3 and 98.3 %, 95 % intervals of the lead after Student: it depends on the ranges.
0 to 1 px, 10 mW: misalignment, S_T = 0.91, leads by 0.12 to 1.24; with 4 chips in the sample, not 8, that was open.
0 to 1 px, 10 uW: open. Misalignment, 0.66, for two networks, detector noise for one; the lead is -0.59 to 1.09.
0 to 0.2 px, 10 mW: resolution, 1.00, leads by 0.92 to 1.04, all of it below 3 bits; no such amplifier is seen at all.
0 to 0.2 px, 10 uW: detector noise, 0.70, leads by 0.13 to 0.62.
90 % yield for every network: a shift of at most 0.12 px rms, at 10 uW at most 8.5 pA/sqrt(Hz), and 3 bits or more.

    python examples/free_space_tolerance.py --workers 2     # a quarter of an hour of one core; --runs FOLDER keeps it
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import matplotlib
import numpy as np
from _paired import compared, interval
from _strengths import LOOK
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

import photonics_sim as ps
from photonics_sim.plots import Figure
from photonics_sim.sweeps import Execution, SweepResult
from photonics_sim.tolerance import Influence, Required, required, sensitivity

CARD, LIGHT = "free-space-scatterer", "laser.power_mw"
FULL_MW, WEAK_MW = 10.0, 0.01  # the laser of the card, and 30 dB less
NOISY = {"detector.shot_noise": True, "detector.thermal_noise": True, "tolerance": 1e-3}
YIELD, KEPT = 0.9, 0.98  # a good chip keeps this share of the accuracy of the network as trained
FEWEST_POINTS = 8  # that Sobol' indices need
BLUE, PALE, RED, INK = "#2a6f97", "#a9c4d4", "#c8553d", "#22262b"


@dataclass(frozen=True)
class Parameter:
    """What is varied: its name, its axis, where it does no harm, the values of its curve, and its range."""

    name: str
    label: str
    unit: str
    harmless: float
    values: Any
    range: str


@dataclass(frozen=True)
class Bench:
    """How well it is aligned, the light that arrives, and how large its sample is, as shares of what is asked for."""

    shift_px: float
    light_mw: float
    points: float
    chips: float

    def __str__(self) -> str:
        return f"0 to {self.shift_px:g} px, {self.light_mw:g} mW"

    def ranges(self) -> dict[str, str]:
        return {path: one.range for path, one in PARAMETERS.items()} | {SHIFT: f"0:{self.shift_px}"}


BITS, SHIFT, NOISE = "modulator.phase_bits", "modulator.shift_px", "detector.thermal_noise_pa_per_rthz"
SHIFTS = [0, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1]
PARAMETERS = {
    SHIFT: Parameter("misalignment", "shift of the panel, rms per axis (pixels)", "px", 0.0, SHIFTS, "0:1"),
    NOISE: Parameter("detector noise", "noise of the amplifier (pA/√Hz)", "pA/√Hz", 1.0, "log:1:100:7", "log:1:100"),
    BITS: Parameter("SLM resolution", "resolution of a pixel's phase (bits)", "bits", 8, [1, 2, 3, 4, 6, 8], "1:8"),
}
# on a coarse bench chips differ much: many chips at fewer points; on a fine one they hardly do
BENCHES = [Bench(*kind) for kind in (
    (1.0, FULL_MW, 1 / 2, 1 / 5), (1.0, WEAK_MW, 1 / 2, 1 / 5), (0.2, FULL_MW, 1, 1 / 40), (0.2, WEAK_MW, 1, 1 / 40)
)]  # fmt: skip


@dataclass(frozen=True)
class Network:
    """What was found of one trained network: its accuracy, a sweep by parameter, and influences by bench and path."""

    accuracy: float
    curves: Mapping[str, SweepResult]
    influences: Mapping[Bench, Mapping[str, Influence]]

    def required(self, path: str) -> Required:
        return required(self.curves[path], path, YIELD, threshold=KEPT * self.accuracy)


def trained(folder: Path, seed: int, epochs: int) -> ps.Run:
    """The network of this seed; one that lies in the folder is taken, or gone on with."""
    if (folder / "config.toml").exists():
        run = ps.resume(folder, progress=False)
    else:
        device = ps.load_device(CARD, seed=seed)
        run = ps.train(device, "digits", epochs=epochs, seed=seed, chips=0, progress=False, out=folder)
    return run if run.state == "finished" else stop(folder)


def swept(folder: Path, run: ps.Run, vary: Mapping[str, Any], workers: int, **more: Any) -> SweepResult:
    """A sweep of the network; one that lies in the folder is taken, or gone on with."""
    if folder.exists():
        result = ps.resume_sweep(folder, Execution(workers=workers))
    else:
        result = ps.sweep(run, vary, workers=workers, out=folder, **more)
    return result if result.complete else stop(folder)


def stop(folder: Path) -> NoReturn:
    raise SystemExit(f"stopped in {folder}; with --runs the same command goes on")


def study(folder: Path, seed: int, options: argparse.Namespace) -> Network:
    """Everything about the network of one seed; chips and samples are its own too."""
    run = trained(folder / f"network-{seed}-{options.epochs}", seed, options.epochs)
    harmless = {path: one.harmless for path, one in PARAMETERS.items()} | NOISY | {LIGHT: WEAK_MW}
    curves = {}
    for path, one in PARAMETERS.items():
        more: dict[str, Any] = {"chips": options.chips, "settings": harmless, "seed": seed}
        place = folder / f"{run.path.name}-{path}-{options.chips}"
        curves[path] = swept(place, run, {path: one.values}, options.workers, **more)
    influences = {}
    for bench in BENCHES:
        points = max(int(bench.points * options.points), FEWEST_POINTS)
        chips = max(int(bench.chips * options.chips), 1)
        more = {"chips": chips, "settings": NOISY | {LIGHT: bench.light_mw}, "seed": seed}
        more |= {"design": "saltelli", "points": points}
        place = folder / f"{run.path.name}-{bench.shift_px:g}-px-{bench.light_mw:g}-mw-{points}-{chips}"
        found = sensitivity(swept(place, run, bench.ranges(), options.workers, **more))
        influences[bench] = {one.path: one for one in found}
    return Network(run.summary["test_accuracy"], curves, influences)


def totals(networks: list[Network], bench: Bench, path: str) -> np.ndarray:
    """Total index of each network."""
    return np.array([network.influences[bench][path].size for network in networks])


def ranking(networks: list[Network], bench: Bench) -> list[str]:
    """Parameters by the mean of their total index over the networks, the largest first."""
    return sorted(PARAMETERS, key=lambda path: -totals(networks, bench, path).mean())


def show(networks: list[Network]) -> None:
    """What each network requires, and the indices with their intervals over the points of the sample."""
    for number, network in enumerate(networks):
        print(f"\nnetwork {number}, {100 * network.accuracy:.1f} % as trained, at {WEAK_MW:g} mW:")
        for path in PARAMETERS:
            print(f"  {network.required(path).answer()}")
    print("\nSobol' indices: mean of S_1, and S_T of each network with the 95 % interval over the points of its sample")
    for bench in BENCHES:
        print(bench)
        for path in ranking(networks, bench):
            found = [network.influences[bench][path] for network in networks]
            first = np.mean([one.first or 0.0 for one in found])
            each = "   ".join(f"{one.size:4.2f} ({one.low:4.2f} to {one.high:4.2f})" for one in found)
            print(f"  {PARAMETERS[path].name:14s}  S_1 {first:5.2f}   S_T {each}")


def verdict(networks: list[Network], bench: Bench) -> str:
    """Which parameter matters most on this bench, and how sure that is."""
    order, count = ranking(networks, bench), len(networks)
    said = [PARAMETERS[path].name for path in order]
    most, second = (totals(networks, bench, path) for path in order[:2])
    ahead = f"ahead of {said[1]} by {(most - second).mean():.2f}"
    if count > 1:
        low, high = interval(most - second)
        sure = "surely" if compared(most - second) == "better" else "NOT surely"
        ahead += f" (95 % interval {low:.2f} to {high:.2f}, Student): {sure} the first"
    same = sum(ranking([network], bench) == order for network in networks)
    return (
        f"{bench}: {said[0]} matters most, S_T = {most.mean():.2f};\n"
        f"  {ahead};\n  {' > '.join(said)}, in this order for {same} of {count} trained"
    )


def strictest(networks: list[Network], path: str) -> tuple[str, float] | None:
    """The limit of a parameter that suits every network, in words and as a number; None where one has no limit."""
    found = [network.required(path) for network in networks]
    for sign, ends, worst in (("≥", [one.lower for one in found], max), ("≤", [one.upper for one in found], min)):
        values = [end.value for end in ends if end is not None and end.value is not None]
        if len(values) == len(found):
            return f"{sign} {worst(values):.2g} {PARAMETERS[path].unit}", worst(values)
    return None


def conclude(networks: list[Network]) -> None:
    """The verdict of each bench, and whether it is the same."""
    print()
    for bench in BENCHES:
        print(verdict(networks, bench))
    limits = [PARAMETERS[path].name + " " + limit[0] for path in PARAMETERS if (limit := strictest(networks, path))]
    print(f"every network reaches a yield of {100 * YIELD:g} % at {WEAK_MW:g} mW with {', '.join(limits)}")
    most = [PARAMETERS[ranking(networks, bench)[0]].name for bench in BENCHES]
    depends = "depends on" if len(set(most)) > 1 else "is the same whatever"
    print(f"what matters most {depends} the range and the light: {', '.join(most)}")


def draw(networks: list[Network]) -> Figure:
    figure = Figure(figsize=(9.3, 5.8), layout="constrained")
    rows: Any = figure.subfigures(2, 1, height_ratios=(1.4, 1), hspace=0.05)
    above, below = rows
    panels = above.subplots(1, len(PARAMETERS), sharey=True)
    for panel, path in zip(panels, PARAMETERS, strict=True):
        draw_curve(panel, networks, path)
    panels[0].set(ylabel=f"test accuracy at {WEAK_MW:g} mW (%)", ylim=(0, 102))
    looks: Any = {
        "mean of the chips": {"color": BLUE, "marker": "o", "markersize": 3.5},
        "90 % of the chips": {"color": BLUE, "alpha": 0.18, "linewidth": 6},
        f"yield {100 * YIELD:g} %, all networks": {"color": RED, "linewidth": 1.2},
    }
    panels[-1].legend(handles=[Line2D([], [], label=label, **look) for label, look in looks.items()], loc="lower right")
    bars = below.subplots(1, len(BENCHES), sharex=True, sharey=True)
    for panel, bench in zip(bars, BENCHES, strict=True):
        draw_indices(panel, networks, bench)
    bars[0].set_yticks(range(len(PARAMETERS)), [one.name for one in PARAMETERS.values()])
    bars[0].invert_yaxis()
    handles: list[Any] = [Patch(color=BLUE, label="$S_1$, alone"), Patch(color=PALE, label="$S_T$, with the others")]
    handles.append(Line2D([], [], color=INK, marker="o", markersize=2.5, linewidth=0.7, label="$S_T$ of a network"))
    bars[2].legend(handles=handles, loc="upper right")
    below.supxlabel(
        "share of the variance of the accuracy over this range of misalignment, at this light (%)", fontsize=9
    )
    return figure


def draw_curve(panel: Axes, networks: list[Network], path: str) -> None:
    """Mean over all chips of all networks, where 90 % of them lie, and how far every network reaches the yield."""
    one, x = PARAMETERS[path], networks[0].curves[path][path].values
    chips = 100 * np.concatenate([network.curves[path]["accuracy"].values for network in networks], axis=1)
    panel.fill_between(x, *np.percentile(chips, (5, 95), axis=1), color=BLUE, alpha=0.18, linewidth=0)
    panel.plot(x, chips.mean(1), "o-", color=BLUE, markersize=3.5, linewidth=1.4)
    if path == NOISE:
        panel.set_xscale("log")
        panel.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        panel.minorticks_off()
    limit, title = strictest(networks, path), one.name[0].upper() + one.name[1:]
    if limit:
        panel.axvline(limit[1], color=RED, linewidth=1.2)
        title += f": {limit[0]}"
    panel.set(xlabel=one.label, title=title)


def draw_indices(panel: Axes, networks: list[Network], bench: Bench) -> None:
    for row, path in enumerate(PARAMETERS):
        found = [network.influences[bench][path] for network in networks]
        panel.barh(row, 100 * totals(networks, bench, path).mean(), height=0.7, color=PALE)
        panel.barh(row, 100 * max(float(np.mean([one.first or 0.0 for one in found])), 0), height=0.7, color=BLUE)
        for place, one in zip(np.linspace(-0.35, 0.35, len(found) + 2)[1:-1], found, strict=True):
            ends = [[100 * max(one.size - one.low, 0)], [100 * max(one.high - one.size, 0)]]
            look: dict[str, Any] = {"fmt": "o", "color": INK, "markersize": 2.5, "elinewidth": 0.7}
            panel.errorbar(100 * one.size, row + place, xerr=ends, **look)
    panel.set(title=str(bench), xlim=(0, None))
    panel.tick_params(axis="y", length=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=3, help="networks, each with chips and a sample of its own")
    parser.add_argument("--points", type=int, default=64, help="base points of the sample, a power of 2, at least 8")
    parser.add_argument("--chips", type=int, default=40, help="virtual chips at each value of a curve")
    parser.add_argument("--workers", type=int, default=1, help="processes of a sweep")
    parser.add_argument("--runs", type=Path, help="folder to keep networks and sweeps in, and to go on from")
    parser.add_argument("--out", type=Path, default=Path("free-space-tolerance.svg"))
    options = parser.parse_args()
    if options.points < FEWEST_POINTS or options.points & (options.points - 1):
        parser.error(f"--points {options.points}: Sobol' indices need a power of 2, at least {FEWEST_POINTS}")
    if min(options.seeds, options.chips) < 1:
        parser.error("at least 1 seed and 1 chip")
    with tempfile.TemporaryDirectory() as folder:
        kept = options.runs or Path(folder)
        networks = [study(kept, seed, options) for seed in range(options.seeds)]
    show(networks)
    conclude(networks)
    with matplotlib.rc_context(LOOK):
        draw(networks).write(options.out)
    print(f"\nfigure: {options.out}")


if __name__ == "__main__":
    main()
