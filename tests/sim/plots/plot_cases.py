"""Data that pictures are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from chip_cases import drawing, rectangle
from numpy.typing import NDArray

from photonics_sim import plots
from photonics_sim.analysis import Measured, Strength, UniversalityReport
from photonics_sim.device import Costs, SideView, Span, Timeline


def history(epochs: int) -> dict[str, NDArray[Any]]:
    """A training that goes well."""
    epoch = np.arange(1, epochs + 1)
    falling = 2.3 * np.exp(-epoch / 5) + 0.05
    rising = 0.95 - 0.8 * np.exp(-epoch / 5)
    table = {"train_loss": falling, "validation_loss": falling + 0.05, "learning_rate": np.full(epochs, 0.01)}
    for score in ("accuracy", "r2"):
        table |= {f"train_{score}": rising, f"validation_{score}": rising - 0.02}
    table |= {"train_bits_per_character": 2 + falling, "validation_bits_per_character": 2.1 + falling}
    return {"epoch": epoch, **table}


def confusion(classes: int) -> NDArray[np.int64]:
    """Mostly right, some taken for the next class."""
    return 90 * np.eye(classes, dtype=np.int64) + 7 * np.roll(np.eye(classes, dtype=np.int64), 1, axis=1)


def bits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Bits and true characters at six positions, the rarest character being the dearest one."""
    return np.array([1.0, 1.5, 2.0, 2.5, 3.0, 8.0]), np.array([1, 1, 1, 0, 0, 3])


def planes(side: int) -> dict[str, NDArray[Any]]:
    """A phase, a field at the modulator and what arrives at the detector."""
    phase = np.linspace(0, 6, side * side).reshape(side, side)
    field = 1e-3 * np.exp(1j * phase)
    return {
        "phase at the modulator": phase,
        "field at the modulator": field,
        "field at the detector": np.fft.fftshift(np.fft.fft2(field, norm="ortho")),
    }


def side_view(nz: int = 9, nx: int = 12, **fields: Any) -> SideView:
    """Light that comes together on its way through three planes."""
    z, x = np.linspace(0, 0.04, nz), (np.arange(nx) - (nx - 1) / 2) * 8e-6
    power = np.exp(-((x / 3e-5) ** 2) * (1 + 50 * z[:, None])) / nx
    marks = ((0.0, "data"), (0.02, "mask 1"), (0.04, "detectors"))
    given = {"name": "Through a mask", "z": z, "x": x, "power": power, "marks": marks, "detector": (-1.6e-5, 8e-6)}
    return SideView(**(given | fields))


def costs() -> dict[str, Any]:
    return Costs({"modulator": 1e-2, "detector": 1e-6}, {"laser": 5e-4, "converters": 2e-9}, ()).to_dict()


def timeline(layers: int, banks: int = 2, *, product_s: float = 10e-9, switch_s: float = 1e-9) -> Timeline:
    """Banks that take turns, with a switch behind each product."""
    spans: list[Span] = []
    for layer in range(layers):
        start = layer * (product_s + switch_s)
        done = start + product_s
        spans += [
            Span(f"bank {layer % banks}", "product", start, done),
            Span("switch", "switch", done, done + switch_s),
        ]
    return Timeline("Taking turns", (*(f"bank {k}" for k in range(banks)), "switch"), tuple(spans))


def rewriting(layers: int, *, product_s: float = 10e-9, write_s: float = 10e-6) -> Timeline:
    """One bank that is written behind each product."""
    spans: list[Span] = []
    for layer in range(layers):
        start = layer * (product_s + write_s)
        done = start + product_s
        spans += [Span("the bank", "product", start, done), Span("the bank", "write", done, done + write_s)]
    return Timeline("Writing", ("the bank",), tuple(spans))


def aged(chips: int = 5) -> NDArray[np.float64]:
    """Accuracies that fall with four ages, chip by chip a little apart."""
    return np.array([0.96, 0.95, 0.9, 0.7])[:, None] + np.linspace(-0.02, 0.02, chips)


def judged() -> UniversalityReport:
    """A verdict with all its evidence."""
    measured = (
        Measured((1, 1), 1e-17, 1e-18, 1e-16, (0.0, 0.0)),
        Measured((1, 1), 2e-17, 0.0, 1e-16, (0.0, 0.0), "derivative"),
        Measured((0, 1), 0.3, 0.1, 1e-16, (0.0, 0.0)),
    )
    return UniversalityReport(
        verdict="degenerate",
        order_proved=0,
        inputs=2,
        encoder="diagonal",
        readout="coherent",
        strength=Strength(1e-31, 1e-32, 600),
        measured=measured,
        coupling={1: Strength(0.9, 0.1, 600), 2: Strength(1e-31, 1e-32, 600)},
        features=(16, 64),
        residuals={"x1 ... xd": [1.1, 1.0]},
    )


def every_figure() -> dict[str, plots.Figure]:
    """One of each kind, made afresh."""
    values = np.linspace(-1, 1, 40).reshape(20, 2)
    return {
        "training": plots.plot_training(history(20), "classification", best_epoch=18),
        "confusion": plots.plot_confusion(confusion(10), [str(i) for i in range(10)]),
        "regression": plots.plot_regression(values, values**3, ["x (m)", "force (N)"]),
        "characters": plots.plot_characters(*bits(), ["space", "e", "newline", "q"]),
        "planes": plots.plot_planes(planes(8), sample=np.linspace(0, 1, 64).reshape(8, 8)),
        "side view": plots.plot_side_view(side_view()),
        "chip": plots.plot_chip([drawing(rectangle(4))]),
        "costs": plots.plot_costs(costs()),
        "timeline": plots.plot_timeline([timeline(4), rewriting(4)]),
        "orders": plots.plot_orders(judged()),
        "coupling": plots.plot_coupling(judged()),
        "residuals": plots.plot_residuals(judged()),
        "ageing": plots.plot_ageing([0, 1, 24, 720], {"left alone": aged(), "one chip": aged(1)}, "classification"),
    }
