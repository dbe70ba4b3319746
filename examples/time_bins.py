"""What do more time bins buy on a small chip, what do they cost, and can they replace coupling?

The chip of arXiv:2509.05420 that replays its inputs with other settings of its modulators in each bin, at two encodings
with the same number of trained parameters: one column of modulators for each input (non-degenerate), or all of them
side by side (degenerate: an intensity couples two inputs at most). Left: images as 16 principal components, under the
laser of the card and under a weak one; chips are trained with the noise of their photodiodes and judged with it.
Middle: the sign of x1 x2 x3 for normal inputs. Right: energy of a pass, most of it for driving the modulators, the part
of the laser, and latency.

The sign needs coupling. A sum f of functions of two inputs each has an alternating sum of 0 over the corners of any
box, so that of the eight points (+-x1, +-x2, +-x3) at least one gets the wrong sign: 87.5 % is the most, with any
number of bins. Cross-entropy does not even go there: it is convex, and its slope at f = 0 is the correlation of f with
the sign, which is 0, so that nothing is below it: a degenerate chip tells none of the 1 bit.

Learning rates are chosen on the validation part with a seed of their own, at 16 bins under the card's laser, and serve
all bins and both lasers. A curve stops to gain behind its last step that gains more than its standard error. "Better"
and "worse" are beyond a 95 % interval of paired seeds.

    python examples/time_bins.py --epochs 2 --seeds 2 --bins 1 4 16 --samples 1000    # digits, half a minute
    python examples/time_bins.py --data fashion-mnist --data-dir FOLDER --out examples/figures/time-bins.png

Measured by the second command (15 minutes on one core of a shared machine; it goes on where it was stopped):

| | non-degenerate | degenerate |
|---|---|---|
| coupling of 2, 3, 4 inputs in the intensity | 0.16, 0.029, 0.012 of the variance | 0.003, none, none |
| images, 100 mW, 1 / 8 / 64 bins | 46.2 / 78.6 / 81.5 +- 0.1 % | 36.0 / 74.7 / 79.8 +- 0.6 % |
| images, 2 mW, 1 / 8 / 64 bins | 25.7 / 68.1 / 77.9 +- 0.0 % | 27.6 / 70.2 / 77.3 +- 0.7 % |
| sign of x1 x2 x3, 1 / 8 / 64 bins | 58.7 / 91.8 / 94.1 +- 1.1 % | 50.6 / 50.8 / 52.7 +- 0.7 %, no bit |
| a pass of 64 bins, 100 mW and 2 mW | 872 and 839 nJ, 68 ns | 870 and 839 nJ, 65 ns |
| of it the laser | 34 and 0.7 nJ | 33 and 0.7 nJ |

Read without noise, chips of 64 bins at 100 mW change by less than 0.1 points, at 2 mW they gain 3.1 and 2.2.

On images what is lost without coupling is small: +1.7 +- 0.6 points at 64 bins and 100 mW, of which three seeds are not
sure (-0.8 to +4.3). At 100 mW the non-degenerate chip gains up to 32 bins. Noise was not seen to stop the gain: at 2 mW
the doubling to 64 bins still brings 1.0 +- 0.1 points. Much of it is light: 8 bins that integrate as long as 64 (--bins
4 8 --bin-ns 6.6) give 74.3 +- 0.3 % there. What noise takes falls from 10.6 points at 4 bins to 3.1. The non-degenerate
chip suffers more of it: its light passes 17 mixers, that of the other 2 wider ones.

Energy goes to the modulators, 0.5 nJ each and bin: a terminated line at V_pi burns 0.5 W. So energy follows time, with
long bins as with many (688 nJ for those 8), and the laser takes 4 % at 100 mW and 0.1 % at 2 mW: to dim it saves
little. 64 bins of 2 mW are worse than 32 bins of 100 mW for half the energy, by 3.4 +- 0.3 and 1.5 +- 0.3 points.

How strongly inputs are coupled counts beside the verdict. Mixers are random and not trained, so chips differ; --seeds 5
(25 minutes) meets one whose share of variance is small. It is judged non-degenerate all the same (three inputs: 3e-5,
other chips 0.02 to 0.2), and stays at 49 % on the sign, where the others get 92 to 96 %. With one column, where it
couples pairs by 5e-8, it gets 69 % on images, others 77 to 81 %; the difference of encodings is then +4.4 +- 2.0
points.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from _paired import Scores, compared, interval, last_gain, mean_error
from _strengths import LOOK, NONE
from _time_bins import CARD, COLUMNS, FACTORS, Task, Trainings, chip, image_task, parameters, sign_task
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

import photonics_sim as ps
from photonics_sim.analysis import coupling_spectrum
from photonics_sim.plots import Figure

BINS = (1, 2, 4, 8, 16, 32, 64)
COUPLED, CHIPS = (2, 3, 4), 12  # inputs whose coupling is asked, on so many random chips
CHANCE, PAIRS = 50.0, 87.5  # % of signs: by guessing, and the most that sums of functions of two inputs reach
COLOURS = {"non-degenerate": "#2a6f97", "degenerate": "#c8553d"}
TITLES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST", "digits": "Digits"}
NOTHING = 0.01  # bits that a test part of this size cannot tell from none
Curves = dict[tuple[float, str], Scores]  # by laser (mW) and encoding: accuracy in %, (seeds, bins)
Spent = dict[tuple[float, str], Scores]  # likewise: energy in nJ, that of the laser alone, latency in ns, (3, bins)


def show_coupling(task: Task) -> None:
    """What the check says of both encodings, and how much of the intensity's variance needs 2, 3, 4 inputs together."""
    print(f"coupling in the intensity, mean over {CHIPS} random chips of {task.pipeline.features} inputs")
    for encoding in COLUMNS:
        print(f"  {encoding:15s} {ps.check_universality(chip(task, encoding, 1), FACTORS).sentence}")
        found = [coupling_spectrum(chip(task, encoding, 1, seed=k), max(COUPLED), seed=k) for k in range(CHIPS)]
        shares = np.array([[spectrum[d].share for d in COUPLED] for spectrum in found])
        for d, mean, error in zip(COUPLED, *mean_error(shares), strict=True):
            print(f"{'':18s}{d} inputs: {f'{mean:.1e} +- {error:.0e}' if mean > NONE else 'none'}")


def count(task: Task, bins: list[int]) -> list[int]:
    """Trained numbers of a chip, which have to be the same for both encodings."""
    counts = {encoding: [parameters(chip(task, encoding, n)) for n in bins] for encoding in COLUMNS}
    first, *others = counts.values()
    assert all(other == first for other in others), counts
    return first


def show_scores(name: str, curves: Curves, bins: list[int], counts: list[int]) -> None:
    print(f"\n{name}: test accuracy (%), mean +- standard error; parameters are those of either encoding")
    print(f"{'bins':>5s}{'parameters':>12s}" + "".join(f"{f'{mw:g} mW, {e}':>26s}" for mw, e in curves))
    for k, n in enumerate(bins):
        row = ["{:.2f} +- {:.2f}".format(*mean_error(scores[:, k])) for scores in curves.values()]
        print(f"{n:5d}{counts[k]:12d}" + "".join(f"{text:>26s}" for text in row))


def costs(task: Task, bins: list[int], lasers: list[float]) -> Spent:
    """Energy in nJ, in all and of the laser alone, and latency in ns of a pass, `(3, bins)`."""
    found = {}
    for laser in lasers:
        for encoding in COLUMNS:
            each = [chip(task, encoding, n, laser).costs() for n in bins]
            rows = [[c.total_energy_j, c.energy_j["laser"], c.total_latency_s] for c in each]
            found[laser, encoding] = 1e9 * np.array(rows).T
    return found


def show_costs(spent: Spent, bins: list[int]) -> None:
    print("\na pass: energy, in brackets that of the laser (nJ), and latency (ns)")
    print(f"{'bins':>5s}" + "".join(f"{f'{mw:g} mW, {e}':>30s}" for mw, e in spent))
    for k, n in enumerate(bins):
        row = ["{:.1f} ({:.2f}) nJ, {:.1f} ns".format(*values[:, k]) for values in spent.values()]
        print(f"{n:5d}" + "".join(f"{text:>30s}" for text in row))


def told(differences: Scores) -> str:
    return "{:+.2f} +- {:.2f} points".format(*mean_error(differences))


def conclude_images(curves: Curves, quiet: Curves, bins: list[int]) -> None:
    """Which encoding is better with the most bins, where each curve stops, and what noise takes there."""
    for laser in dict.fromkeys(mw for mw, _ in curves):
        good, bad = (curves[laser, encoding] for encoding in COLUMNS)
        word = {"better": "is better", "worse": "is worse", "open": "makes no difference that these seeds show"}
        gap = good[:, -1] - bad[:, -1]
        sure = "95 % interval {:+.1f} to {:+.1f}".format(*interval(gap))
        print(f"\n{laser:g} mW, {bins[-1]} bins: the non-degenerate chip {word[compared(gap)]}: {told(gap)} ({sure})")
        for encoding in COLUMNS:
            scores = curves[laser, encoding]
            last = bins[last_gain(scores)]
            ends = f"stops at {last} bins" if last < bins[-1] else f"has not stopped with {last} bins"
            print(f"  {encoding}: the gain {ends}; from {bins[-2]} to {bins[-1]} {told(scores[:, -1] - scores[:, -2])}")
            lost = quiet[laser, encoding] - scores
            most = int(lost.mean(0).argmax())
            print(f"    noise of the reading takes {told(lost[:, -1])}, with bins = {bins[most]} {told(lost[:, most])}")


def conclude_energy(curves: Curves, spent: Spent, bins: list[int]) -> None:
    """Light or bins: what the weakest laser with the most bins takes, spent on fewer bins of the strongest one.

    What a pass takes is nearly that of its modulators, so that the laser's power hardly moves how many bins it pays.
    """
    strong, weak = (pick(mw for mw, _ in curves) for pick in (max, min))
    parts = [f"{100 * values[1, -1] / values[0, -1]:.1f} % at {mw:g} mW, {e}" for (mw, e), values in spent.items()]
    print(f"\nof the energy of a pass of {bins[-1]} bins the laser takes {'; '.join(parts)}")
    for encoding in COLUMNS:
        joules, most = spent[strong, encoding][0], spent[weak, encoding][0, -1]
        k = int(np.flatnonzero(joules <= most).max(initial=-1))
        if weak < strong and k >= 0:
            gap = curves[weak, encoding][:, -1] - curves[strong, encoding][:, k]
            word = {"better": "better than", "worse": "worse than", "open": "not to be told from"}[compared(gap)]
            few, many = f"{strong:g} mW with {bins[k]} bins", f"{weak:g} mW with {bins[-1]} bins"
            print(f"  {encoding}: {many}, {most:.0f} nJ, is {word} {few}, {joules[k]:.0f} nJ: {told(gap)}")


def conclude_signs(curves: Curves, bits: Curves, bins: list[int]) -> None:
    """Whether bins replace the coupling that a target needs."""
    print(f"\nsign of x1 x2 x3, of which a class of two has 1 bit; accuracy with {bins[-1]} bins:")
    for (laser, encoding), scores in curves.items():
        mean, error = mean_error(scores)
        most = float(bits[laser, encoding].mean(0).max())
        word = "nothing told with any number of bins" if most < NOTHING else f"{most:.2f} bits told at most"
        passes = f"{'gets' if mean.max() > PAIRS else 'does not get'} beyond {PAIRS:g} %"
        print(f"  {encoding}: {mean[-1]:.1f} +- {error[-1]:.1f} %; {word}; {passes}")


def draw(images: Curves, signs: Curves, spent: Spent, bins: list[int], name: str) -> Figure:
    figure = Figure(figsize=(9.3, 3.3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    lasers = list(dict.fromkeys(mw for mw, _ in images))
    draw_curves(left, images, bins, lasers)
    draw_curves(middle, signs, bins, lasers)
    for level in (CHANCE, PAIRS):
        middle.axhline(level, color="0.6", linestyle=":", linewidth=1, zorder=0)
    words: Any = {
        "xytext": (0, -4),
        "textcoords": "offset points",
        "ha": "right",
        "va": "top",
        "color": "0.4",
        "fontsize": 8,
    }
    middle.annotate("most that sums\nover pairs tell", (bins[-1], PAIRS), **words)
    for (laser, encoding), values in spent.items():
        right.plot(bins, values[0], _line(laser, lasers), color=COLOURS[encoding], marker="o", markersize=3.5)
        right.plot(bins, values[1], _line(laser, lasers), color=COLOURS[encoding], linewidth=0.8)
    top = max(values[0, 0] for values in spent.values())
    right.annotate(
        "energy, nearly all\nof the modulators",
        (bins[0], top),
        **words | {"xytext": (-2, 26), "ha": "left", "va": "bottom"},
    )
    for encoding in COLUMNS:
        right.plot(bins, spent[lasers[0], encoding][2], ":", color=COLOURS[encoding])
    left.set(title=f"{TITLES.get(name, name)}, PCA", ylabel="test accuracy (%)")
    middle.set(title="Sign of $x_1 x_2 x_3$", ylabel="test accuracy (%)")
    right.set(title="Costs of a pass", ylabel="energy (nJ), latency (ns)", yscale="log")
    for ax in (left, middle, right):
        ax.set(xscale="log", xlabel="time bins")
        ax.set_xticks(bins, [str(n) for n in bins])
        ax.minorticks_off()
    right.yaxis.set_major_formatter("{x:g}")
    lines = [Line2D([], [], color=COLOURS[encoding], label=encoding) for encoding in COLUMNS]
    lines += [Line2D([], [], color="0.4", linestyle=_line(mw, lasers), label=f"{mw:g} mW laser") for mw in lasers]
    lines.append(Line2D([], [], color="0.4", linewidth=0.8, label="energy of the laser alone"))
    lines.append(Line2D([], [], color="0.4", linestyle=":", label="latency"))
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
    return figure


def _line(laser: float, lasers: list[float]) -> Any:
    return "--" if lasers.index(laser) else "-"


def draw_curves(ax: Axes, curves: Curves, bins: list[int], lasers: list[float]) -> None:
    for (laser, encoding), scores in curves.items():
        look: Any = {"color": COLOURS[encoding], "linestyle": _line(laser, lasers), "marker": "o", "markersize": 3.5}
        ax.errorbar(bins, *mean_error(scores), capsize=2, elinewidth=0.8, **look)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n", maxsplit=1)[0],
        epilog="examples:  time_bins.py --epochs 2 --seeds 2 --bins 1 4 16   (digits, half a minute)  |  "
        "time_bins.py --data fashion-mnist --data-dir FOLDER   (15 minutes; the same again goes on where it stopped)",
    )
    parser.add_argument("--data", default="digits", help="images: digits, fashion-mnist, mnist, ... (digits)")
    parser.add_argument("--data-dir", type=Path, help="folder of the data set's files; downloaded if left out")
    parser.add_argument("--samples", type=int, default=10_000, help="training samples at most (10000)")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3, help="chips and first settings, at least 2 (3)")
    parser.add_argument("--bins", type=int, nargs="+", default=BINS, help="numbers of time bins, rising")
    parser.add_argument("--laser-mw", type=float, default=2.0, help="power of the weak laser beside the card's (2)")
    parser.add_argument("--bin-ns", type=float, default=0.0, help="time of a bin, for images (as the card says)")
    parser.add_argument("--out", type=Path, default=Path("time-bins.svg"))
    parser.add_argument("--cache", type=Path, help="finished trainings, to go on from; beside the figure if left out")
    options = parser.parse_args()
    options.bins = sorted(set(options.bins))
    if options.seeds < 2 or len(options.bins) < 2:
        parser.error("errors need at least 2 seeds, curves 2 numbers of bins")
    options.cache = options.cache or options.out.with_name(f"{options.out.stem}-cells.json")
    return options


def main() -> None:
    options = parse()
    card: Any = ps.load_card(CARD)
    bins, card_mw = options.bins, card.laser.power_mw
    lasers = list(dict.fromkeys([card_mw, options.laser_mw]))
    images = image_task(ps.datasets.load(options.data, root=options.data_dir), options.samples, options.bin_ns)
    signs = sign_task(options.samples)
    counts = {task: count(task, bins) for task in (images, signs)}
    show_coupling(images)
    trainings = Trainings(options.cache, options.epochs, options.seeds, bins)
    rates = {task: trainings.choose_rates(task, card_mw) for task in (images, signs)}
    for task, chosen in rates.items():
        rows = ", ".join(f"{encoding} {rate:g}" for encoding, rate in chosen.items())
        print(f"learning rates chosen on validation, {task.name}: {rows}", flush=True)
    trainings.fill([*((images, mw, rates[images]) for mw in lasers), (signs, card_mw, rates[signs])])

    scores, quiet = (
        {(mw, e): trainings.scores(images, mw, rates[images], e, kind) for mw in lasers for e in COLUMNS}
        for kind in ("test", "quiet")
    )
    signed = {(card_mw, e): trainings.scores(signs, card_mw, rates[signs], e) for e in COLUMNS}
    bits = {(card_mw, e): trainings.bits_told(signs, card_mw, rates[signs], e) for e in COLUMNS}
    show_scores(images.name, scores, bins, counts[images])
    show_scores("sign of x1 x2 x3", signed, bins, counts[signs])
    spent = costs(images, bins, lasers)
    show_costs(spent, bins)
    conclude_images(scores, quiet, bins)
    conclude_energy(scores, spent, bins)
    conclude_signs(signed, bits, bins)
    with matplotlib.rc_context(LOOK):
        draw(scores, signed, spent, bins, options.data).write(options.out)
    print(f"figure: {options.out}")


if __name__ == "__main__":
    main()
