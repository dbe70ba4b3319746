"""Pictures of a device's kernel."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from photonics_sim.analysis.extrapolation import FarRays
from photonics_sim.analysis.ntk import KernelReport
from photonics_sim.plots import plot_kernel_learning, plot_kernel_matrix, plot_kernel_rays, plot_kernel_spectrum


@pytest.fixture(scope="module")
def classes() -> KernelReport:
    """Two classes that the kernel holds apart, six samples in mixed order; rank five."""
    labels = np.array([0, 1, 0, 1, 1, 0])
    matrix = np.where(labels[:, None] == labels, 0.8, 0.1) + 0.2 * np.eye(6)
    rays = FarRays(1.1, 10.0, (1.0, 1e-4, 1e-5), (1.0, 0.0, 0.0), (1.0, 0.05, 3e-3), 0.1, 2, 4)
    return KernelReport(
        task="classification", train_samples=6, test_samples=4, inputs=3, outputs=2, parameters=7, score=0.75,
        linear_score=0.5, chance=0.5, ridge=0.1, linear_ridge=1.0, eigenvalues=(3.0, 1.5, 0.5, 0.2, 0.1, 0.0), rank=5,
        condition_number=math.inf, condition_above_rounding=30.0, effective_rank=2.9,
        alignment=(0.1, 0.7, 0.1, 0.05, 0.05, 0.0), learning_time=4.0, times=(0.1, 1.0, 10.0, 100.0),
        train_curve=(0.5, 0.5, 0.9, 1.0), test_curve=(0.5, 0.5, 0.75, 0.75), rays=rays,
        distances=np.linspace(1.1, 11.1, 4), along=np.arange(8.0).reshape(2, 4), matrix=matrix, labels=labels,
    )  # fmt: skip


def test_samples_are_sorted_by_class(classes: KernelReport) -> None:
    panel = plot_kernel_matrix(classes).axes[0]
    image = np.asarray(panel.images[0].get_array())
    assert image[:3, :3].min() == pytest.approx(0.8)
    assert image[:3, 3:].max() == pytest.approx(0.1)
    assert [text.get_text() for text in panel.get_xticklabels()] == ["0", "1"]
    values = replace(classes, task="regression", labels=np.array([0.3, 0.1, 0.2, 0.6, 0.5, 0.4]))
    assert "rising target" in plot_kernel_matrix(values).axes[0].get_xlabel()


def test_the_spectrum_ends_where_rounding_begins(classes: KernelReport) -> None:
    left, right = plot_kernel_spectrum(classes).axes
    (points,) = left.lines
    assert list(points.get_xdata()) == [1, 2, 3, 4, 5]
    assert any("rounding" in text.get_text() for text in left.texts)
    trace, targets = (line.get_ydata() for line in right.lines)
    assert trace[0] == pytest.approx(100 * 3 / 5.3)
    assert targets[1] == pytest.approx(80)
    whole = replace(classes, rank=6, eigenvalues=(3.0, 1.5, 0.5, 0.2, 0.1, 0.05))
    assert not plot_kernel_spectrum(whole).axes[0].texts


def test_learning_stands_beside_what_it_is_held_against(classes: KernelReport) -> None:
    panel = plot_kernel_learning(classes).axes[0]
    heights = {line.get_label(): line.get_ydata()[-1] for line in panel.lines if line.get_label()[0] != "_"}
    assert heights == {
        "train, no ridge": 100, "test, no ridge": 75, "test, ridge": 75, "test, inputs alone": 50, "chance": 50,
    }  # fmt: skip
    values = replace(classes, task="regression", test_curve=(-0.4, 0.0, 0.1, 0.1), learning_time=math.inf)
    panel = plot_kernel_learning(values).axes[0]
    assert panel.get_ylim()[0] < -0.4
    assert not panel.texts


def test_the_degree_that_explains_the_rays_is_marked(classes: KernelReport) -> None:
    left, right = plot_kernel_rays(classes).axes
    assert len(left.lines) == 2
    marked = [line for line in right.lines if line.get_label() == "explains it"]
    assert [line.get_xdata()[0] for line in marked] == [1]
    none = replace(classes, rays=replace(classes.rays, unexplained=(1.0, 0.9, 0.8)))
    assert not [line for line in plot_kernel_rays(none).axes[1].lines if line.get_label() == "explains it"]
