"""Every test runs with one thread, so that results and times do not depend on who else computes."""

from __future__ import annotations

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(params=[torch.float32, torch.float64], ids=["single", "double"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    """Both precisions; tolerances come from `photonics_sim.testing.tolerance`."""
    found: torch.dtype = request.param
    return found


@pytest.fixture
def workplace(tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """An empty working directory, and room for wide tables whatever window the tests run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path
