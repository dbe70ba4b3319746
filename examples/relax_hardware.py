"""One network on slow weights of several kinds: what fabrication, age, reuse and rewriting do to it.

A ReLaX-Net of 2 banks and 4 layers (arXiv:2511.00044) is trained once on ideal banks and then written into fabricated
chips of heated meshes, heated rings and phase-change cells (PCM), without calibration or training on the chip.

1. Test accuracy and matrix error over a month after the write, with and without compensation of a common drift.
2. Errors of 20 % of the weights: the same at every visit of a bank (static) against one for each visit (fresh).
3. Seconds, joules, cells and endurance of a pass: reuse, rewriting, full instantiation.
4. Hours until phase-change cells are worn out, by rewriting and by training on the chip.

    python examples/relax_hardware.py
    python examples/relax_hardware.py --data fashion-mnist --data-dir FOLDER --steps 2000
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

import photonics_sim as ps
from photonics_sim.datasets import Dataset, fit_pipeline
from photonics_sim.device import Alternative, build_device, format_si
from photonics_sim.plots import Figure, plot_ageing, plot_timeline
from photonics_sim.reuse import IdealBanks
from photonics_sim.training import fit_card

WIDTH, BANKS, LAYERS = 32, 2, 4  # those of the cards
HOURS, VISITS, ERROR = (0, 1, 24, 168, 720), (2, 4, 8, 16), 0.2
MESHES, RINGS, PCM, PANELS = "relax-mzi-thermo-optic", "relax-mrr", "relax-pcm", "relax-slm"
CARDS = {MESHES: "heated meshes", RINGS: "heated rings", PCM: "PCM", PANELS: "liquid crystal"}
ELECTRONIC: dict[str, Any] = {"cell.cell": "joshi", "cell.levels": 0}
PLATFORMS: dict[str, tuple[str, dict[str, Any]]] = {CARDS[card]: (card, {}) for card in (MESHES, RINGS)}
PLATFORMS |= {"PCM, optical": (PCM, {}), "PCM, electronic": (PCM, ELECTRONIC)}
CURVES = {"as it ages": "none", "compensated": "global"}
COLOURS = ("#2a6f97", "#c8553d", "#3a8f6b", "#8a5a9e")
LOOK: Any = {"font.size": 9, "axes.titlesize": 9, "axes.titleweight": "bold", "axes.titlelocation": "left"}
LOOK |= {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 8}
Numbers = dict[str, Any]


class Task:
    """Prepared samples and classes of a data set."""

    def __init__(self, data: Dataset) -> None:
        self.data, pipeline = data, fit_pipeline(data)
        self.inputs = {name: pipeline.inputs(part.inputs).float() for name, part in data.parts.items()}
        self.classes = {name: part.targets for name, part in data.parts.items()}

    def right(self, outputs: Tensor) -> Tensor:
        """Share of the test part that is told rightly, `(networks or chips)`."""
        return (outputs.argmax(-1) == self.classes["test"]).double().mean(-1)


def trained(task: Task, banks: int, layers: int, networks: int, steps: int) -> ps.ReLaXNet:
    """Networks on ideal banks, side by side; seeds are fixed."""
    x, classes = task.inputs["train"], task.classes["train"]
    net = ps.ReLaXNet(x.shape[1], WIDTH, task.data.outputs, weight_sets=banks, layers=layers, replicas=networks)
    rate = 0.01 if layers <= 4 else 0.003  # many visits want a smaller one
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.05)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = torch.randint(len(x), (256,), generator=generator)
        loss = networks * cross_entropy(net(x[batch]).flatten(0, 1), classes[batch].repeat(networks))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), networks**0.5)
        optimiser.step()
        plan.step()
    return net.requires_grad_(False)


def written(net: ps.ReLaXNet, task: Task, card: str, changes: dict[str, Any]) -> Any:
    """A device of this card into which the first of the networks has been written."""
    device: Any = build_device(fit_card(ps.load_card(card, changes), task.data)).requires_grad_(False)
    device.network.input.weight.copy_(net.input.weight[0])
    device.network.readout.load_state_dict({name: value[0] for name, value in net.readout.state_dict().items()})
    device.banks.bias.copy_(net.banks.bias[0])
    device.banks.program(net.banks.weight[0])
    device.write()
    return device


def ageing(net: ps.ReLaXNet, task: Task, hours: tuple[int, ...], chips: int) -> Numbers:
    """Accuracy and rms error of the matrices over the rms of the weights, `(ages, chips)`, by platform and curve."""
    wanted = net.banks.weight[0]
    found: Numbers = {platform: {} for platform in PLATFORMS}
    for platform, (card, changes) in PLATFORMS.items():
        for curve, by in CURVES.items():
            built = written(net, task, card, changes | {"compensation.by": by}).as_built(seed=1, chips=chips)
            scores, errors = [], []
            for age in hours:
                later = copy.deepcopy(built)
                later.wait(3600.0 * age)
                scores.append(task.right(later(task.inputs["test"], key=age)))
                matrices = later.banks.matrices(later.network.switch.leakage(later.banks.coherent))
                errors.append((matrices - wanted).square().mean((-3, -2, -1)).sqrt() / wanted.square().mean().sqrt())
            found[platform][curve] = {"accuracy": torch.stack(scores).numpy(), "error": torch.stack(errors).numpy()}
    return found


def with_errors(net: ps.ReLaXNet, draws: int, *, fresh: bool) -> ps.ReLaXNet:
    """Each network `draws` times, with errors in its one bank: the same at all visits, or as a bank for each visit."""
    layers = net.schedule.layers
    visits = layers if fresh else 1
    weight, bias = (x.repeat_interleave(draws, 0).repeat_interleave(visits, 1) for x in net.banks.parameters())
    rms = weight.square().mean((-2, -1), keepdim=True).sqrt()
    drawn = torch.randn(weight.shape, generator=torch.Generator().manual_seed(layers))
    bank, inputs, outputs = IdealBanks.holding(weight + ERROR * rms * drawn, bias), net.input, net.readout
    sizes = (inputs.in_features, WIDTH, outputs.out_features)
    faulty = ps.ReLaXNet(*sizes, weight_sets=visits, layers=layers, bank=bank, replicas=len(weight))
    for mine, theirs in ((faulty.input, inputs), (faulty.readout, outputs)):
        mine.load_state_dict({name: value.repeat_interleave(draws, 0) for name, value in theirs.state_dict().items()})
    return faulty.requires_grad_(False)


def coherence(task: Task, visits: int, networks: int, draws: int, steps: int) -> Numbers:
    """What static and fresh errors do: rms change of the outputs and rise of the test error, one for each network."""
    net, x = trained(task, 1, visits, networks, steps), task.inputs["test"]
    clean = net(x)
    found: Numbers = {"visits": visits}
    for kind in ("static", "fresh"):
        outputs = with_errors(net, draws, fresh=kind == "fresh")(x).unflatten(0, (networks, draws))
        moved = (outputs - clean.unsqueeze(1)).var(-1, correction=0)  # what all classes share decides nothing
        rise = task.right(clean) - task.right(outputs).mean(1)
        found[kind] = {"change": moved.mean((1, 2)).sqrt().numpy(), "rise": rise.numpy()}
    return found | {"ratio": found["static"]["change"] / found["fresh"]["change"]}


def wear(device: Any) -> Numbers:
    """Hours until the cells are worn out by training on the chip, which writes after every 256 samples."""
    device.write()
    device.spend(256)
    ledger = device.ledger
    return {
        "steps": ledger.endurance,
        "hours": ledger.endurance * ledger.total_seconds / 3600,
        "hours of rewriting": device.alternatives()[1].endurance_h,
    }


def mean_error(values: Any) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5)


def print_table(title: str, rows: list[list[str]]) -> None:
    """Aligned columns, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    print("\n".join(["", title, lines[0], "-" * len(lines[0]), *lines[1:]]))


def show(results: Numbers) -> None:
    """The tables."""
    for what, meaning in (("accuracy", "of the test part"), ("error", "of the matrices, rms over that of the weights")):
        rows = [["slow weights", "", *(f"{age} h" for age in results["hours"])]]
        for platform, curves in results["ages"].items():
            for curve, both in curves.items():
                texts = [f"{c.mean():.1f} ({c.min():.1f}-{c.max():.1f})" for c in 100 * both[what]]
                rows.append([platform if curve == next(iter(CURVES)) else "", curve, *texts])
        print_table(f"{what} {meaning} in %, so long after the write: mean (range) of the chips", rows)
    rows = [["visits", "static: outputs", "test error", "fresh: outputs", "test error", "outputs, static / fresh"]]
    for one in results["errors"]:
        static, fresh = one["static"], one["fresh"]
        found = (static["change"], 100 * static["rise"], fresh["change"], 100 * fresh["rise"], one["ratio"])
        rows.append([f"{one['visits']}", *("{:.2f} +- {:.2f}".format(*mean_error(x)) for x in found)])
    title = f"one bank with errors of {100 * ERROR:.0f} % of its weights, mean and standard error of the networks:\n"
    print_table(f"{title}rms change of the outputs (logits) and rise of the test error (points)", rows)
    rows = [["slow weights", *results["ways"][PCM][0].shown(results["ways"][PCM][0])]]
    for card, ways in results["ways"].items():
        rows += [[CARDS[card] if way is ways[0] else "", *way.shown(ways[0]).values()] for way in ways]
    print_table("one pass (in brackets: of reuse); endurance in hours of passes", rows)


def conclude(results: Numbers) -> None:
    """A sentence for each platform, from the numbers."""
    worn, hours, costs = results["wear"], results["hours"], {}
    for card, (reuse, rewriting, full) in results["ways"].items():
        ratios = (rewriting.latency_s / reuse.latency_s, rewriting.energy_j / reuse.energy_j)
        slower, dearer = (f"{float(f'{ratio:.3g}'):,g}" for ratio in ratios)
        costs[card] = f"a pass takes {format_si(reuse.latency_s, 's')} and {format_si(reuse.energy_j, 'J')} by reuse, "
        costs[card] += f"{slower} and {dearer} times that by rewriting"
        if (waits := reuse.latency_s / full.latency_s) > 2:
            costs[card] += f";\n    the switch makes it {waits:,.0f} times as slow as all layers built"
    print(
        f"\nwear of PCM: {60 * worn['hours of rewriting']:.0f} min of passes that rewrite, or {worn['hours']:.2f} h of "
        f"training on the chip\n    ({worn['steps']:,.0f} steps of 256 samples and a write); reuse writes once."
    )
    for platform, curves in results["ages"].items():
        plain, mended = (100 * curves[curve]["accuracy"].mean(1) for curve in CURVES)
        good = [age for age, score in zip(hours, plain, strict=True) if score >= 100 * results["ideal"] - 1]
        print(
            f"{platform}: {plain[0]:.1f} % once written, within a point of ideal banks "
            f"{f'for {good[-1]} h' if good else 'at no time'}, {plain[-1]:.1f} % after {hours[-1]} h "
            f"({mended[-1]:.1f} % compensated);\n    {costs[PLATFORMS[platform][0]]}."
        )
    print(f"{CARDS[PANELS]}: {costs[PANELS]}.")


def draw(results: Numbers) -> Figure:
    figure = Figure(figsize=(10, 5.8), layout="constrained")
    axes = figure.subplots(2, 3)
    scores: dict[str, Numbers] = {}
    for platform, curves in results["ages"].items():
        name, _, kind = platform.partition(", ")
        for curve, both in curves.items():
            scores.setdefault(name, {})[f"{kind} {curve}".strip()] = both["accuracy"]
    lowest = min(float(values.min()) for some in scores.values() for values in some.values())
    for ax, (name, some) in zip(axes[0], scores.items(), strict=True):
        plot_ageing(results["hours"], some, "classification", ax=ax)
        ax.axhline(100 * results["ideal"], color="0.5", linestyle=":", linewidth=1)
        ax.set(title=name, ylim=(100 * lowest - 5, 101), xlabel="time since the write (h)")
    draw_matrices(axes[1, 0], results, axes[0, 0].get_xticks())
    draw_errors(axes[1, 1], results["errors"])
    draw_ways(axes[1, 2], results["ways"])
    return figure


def draw_matrices(ax: Any, results: Numbers, places: Any) -> None:
    for (platform, curves), colour in zip(results["ages"].items(), COLOURS, strict=True):
        for curve, look in zip(curves, ({"label": platform}, {"linestyle": "--"}), strict=True):
            ax.plot(places, 100 * curves[curve]["error"].mean(1), color=colour, marker="o", markersize=3, **look)
    ax.set_xticks(places, map(str, results["hours"]))
    ax.set(title="Matrices (dashed: compensated)", yscale="log", ylim=(2, 200), ylabel="rms error / rms weight (%)")
    ax.set_xlabel("time since the write (h)")
    ax.legend(loc="lower right", ncols=2, handlelength=1, columnspacing=1)


def draw_errors(ax: Any, errors: list[Numbers]) -> None:
    visits = [one["visits"] for one in errors]
    mean, error = zip(*(mean_error(one["ratio"]) for one in errors), strict=True)
    ax.plot(visits, np.sqrt(visits), color="0.5", linestyle=":", label="square root of the visits")
    ax.errorbar(visits, mean, error, color=COLOURS[0], marker="o", markersize=4, capsize=2, label="mean and s.e.")
    ax.set_xscale("log", base=2)
    ax.set_xticks(visits, map(str, visits))
    ax.set(title="Static errors add up", xlabel="visits of the bank", ylabel="change of outputs, static / fresh")
    ax.legend(loc="upper left")


def draw_ways(ax: Any, ways: dict[str, list[Alternative]]) -> None:
    for place, colour in enumerate(COLOURS[:3]):
        some = [alternatives[place] for alternatives in ways.values()]
        at = np.arange(len(some)) + 0.27 * (place - 1)
        ax.barh(at, [way.latency_s for way in some], 0.25, color=colour, label=some[0].name)
    ax.set_yticks(range(len(ways)), [CARDS[card] for card in ways])
    ax.set(title="Time of one pass", xlabel="time (s)", xscale="log", xlim=(1e-8, 10), ylim=(len(ways) - 0.5, -0.5))
    ax.legend(loc="upper right")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", default="digits", help="digits, mnist or fashion-mnist")
    parser.add_argument("--data-dir", type=Path, help="folder of the data set's files; downloaded if left out")
    parser.add_argument("--steps", type=int, default=600, help="training steps of 256 samples")
    parser.add_argument("--quick", action="store_true", help="a glance: few steps, chips, networks, ages and visits")
    parser.add_argument("--figures", type=Path, default=Path(), help="folder of the two figures")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.set_defaults(hours=HOURS, visits=VISITS, chips=10, networks=4, draws=8)
    chosen = parser.parse_args()
    if chosen.quick:
        vars(chosen).update(steps=60, chips=2, networks=2, draws=2, hours=(0, 720), visits=(2, 4))
    return chosen


def main() -> None:
    o = options()
    task = Task(ps.datasets.load(o.data, root=o.data_dir))
    net = trained(task, BANKS, LAYERS, 1, o.steps)
    ideal = float(task.right(net(task.inputs["test"])))
    print(f"{BANKS} ideal banks of width {WIDTH}, {LAYERS} layers, on {task.data.name}: {100 * ideal:.1f} % right")
    devices: dict[str, Any] = {card: ps.load_device(card) for card in CARDS}
    results: Numbers = {"hours": o.hours, "ideal": ideal, "ages": ageing(net, task, o.hours, o.chips)}
    results["errors"] = [coherence(task, visits, o.networks, o.draws, o.steps) for visits in o.visits]
    results["ways"] = {card: device.alternatives() for card, device in devices.items()}
    results["wear"] = wear(devices[PCM])
    show(results)
    conclude(results)
    o.figures.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(LOOK):
        draw(results).write(o.figures / "relax-hardware.png")
    plot_timeline(devices[MESHES].timelines()).write(o.figures / "relax-timeline.png")
    print(f"\nfigures: {o.figures / 'relax-hardware.png'}, {o.figures / 'relax-timeline.png'}")
    if o.json:
        plain = json.dumps(results, indent=1, default=lambda x: x.tolist() if isinstance(x, np.ndarray) else asdict(x))
        o.json.write_text(plain + "\n")


if __name__ == "__main__":
    main()
