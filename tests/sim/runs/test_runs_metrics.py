"""metrics.h5: as it was written, and as xarray sees it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray

from photonics_sim.errors import PhotonicsError
from photonics_sim.runs import Metric, read_metrics, write_metrics

METRICS = {
    "loss": Metric(np.array([3.0, 2.0, 1.5, np.nan]), ("epoch",), "1", "training loss"),
    "epoch": Metric(np.array([1, 2, 3, 4]), ("epoch",), "1", "epoch"),
    "confusion": Metric(np.arange(6).reshape(2, 3), ("true_class", "found"), "1", "confusion matrix"),
    "wavelength": Metric(np.array([1.5e-6, 1.6e-6]), ("wavelength",), "m", "vacuum wavelength"),
    "power": Metric(np.ones((4, 2), dtype=np.float32), ("epoch", "wavelength"), "W", "received power"),
    "seconds": Metric(np.array(12.5), (), "s", "wall time"),
    "names": Metric(np.array(["shirt", "coat"], dtype="S"), ("true_class",), "1", "names of the classes"),
}
SUMMARY: dict[str, Any] = {"state": "finished", "accuracy": 0.75, "none": None, "costs": {"links": [1, 2.5]}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_metrics(tmp_path / "metrics.h5", METRICS, SUMMARY)
    return tmp_path / "metrics.h5"


def test_metrics_come_back(path: Path) -> None:
    found, summary = read_metrics(path)
    assert summary == SUMMARY
    assert set(found) == {*METRICS, "true_class", "found"}
    for name, metric in METRICS.items():
        assert (found[name].dims, found[name].unit, found[name].long_name) == (
            metric.dims,
            metric.unit,
            metric.long_name,
        )
        assert found[name].values.dtype == metric.values.dtype
        np.testing.assert_array_equal(found[name].values, metric.values)


def test_axes_without_a_metric_are_counted(path: Path) -> None:
    found, _ = read_metrics(path)
    np.testing.assert_array_equal(found["found"].values, [0, 1, 2])
    assert (found["true_class"].dims, found["true_class"].long_name) == (("true_class",), "true class")


def test_every_axis_has_a_scale(path: Path) -> None:
    with h5py.File(path) as file:
        assert {name for name, item in file.items() if item.is_scale} == {
            "epoch",
            "wavelength",
            "true_class",
            "found",
        }
        for name, metric in METRICS.items():
            if not file[name].is_scale:
                assert tuple(dim[0].name for dim in file[name].dims) == tuple(f"/{dim}" for dim in metric.dims)


def test_xarray_opens_it_with_names_and_units(path: Path) -> None:
    with xarray.open_dataset(path, engine="h5netcdf") as table:
        assert dict(table.sizes) == {"epoch": 4, "wavelength": 2, "true_class": 2, "found": 3}
        for name, metric in METRICS.items():
            assert table[name].dims == metric.dims
            assert table[name].attrs["units"] == metric.unit
            assert table[name].attrs["long_name"] == metric.long_name
        assert set(table.coords) == set(table.sizes)
        assert float(table["loss"].sel(epoch=2)) == 2.0
        assert table["confusion"].sel(true_class=1).values.tolist() == [3, 4, 5]
        assert float(table["seconds"]) == 12.5


def test_nothing_is_a_file_too(tmp_path: Path) -> None:
    write_metrics(tmp_path / "a", {}, {})
    assert read_metrics(tmp_path / "a") == ({}, {})


def test_a_run_without_epochs_yet(tmp_path: Path) -> None:
    write_metrics(tmp_path / "a", {"loss": Metric(np.zeros(0), ("epoch",), "1", "loss")}, {})
    assert read_metrics(tmp_path / "a")[0]["loss"].values.shape == (0,)


def test_a_summary_keeps_what_json_cannot(tmp_path: Path) -> None:
    write_metrics(tmp_path / "a", {}, {"snr": math.inf, "loss": math.nan, "text": "grüße"})
    found = read_metrics(tmp_path / "a")[1]
    assert found["snr"] == math.inf
    assert math.isnan(found["loss"])
    assert found["text"] == "grüße"


def test_dimensions_must_fit_and_the_old_file_stays(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="argument"):
        write_metrics(path, {"a": Metric(np.zeros((2, 3)), ("x",), "1", "a")}, {})
    assert path.read_bytes() == before


def test_a_file_that_is_missing_or_damaged_is_told(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PhotonicsError, match=r"metrics\.h5 is damaged .*expected the metrics of a run"):
        read_metrics(path)
    path.unlink()
    with pytest.raises(PhotonicsError, match="no such file; expected the metrics of a run"):
        read_metrics(path)


def test_a_file_that_points_elsewhere_is_refused(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["more"] = h5py.ExternalLink("other.h5", "x")
    with pytest.raises(PhotonicsError, match="'more' is a link"):
        read_metrics(path)
