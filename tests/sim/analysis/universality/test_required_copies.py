"""How many copies a function takes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis import required_copies


def waves(x: Tensor) -> Tensor:
    return torch.exp(1j * x.sum(-1))


def test_within_what_was_tried_the_count_is_read_off() -> None:
    found = required_copies(waves, "cos(2 sum x)", 0.05, inputs=2, largest=64)
    assert found.copies is not None
    assert found.low is not None
    assert found.high is not None
    assert not found.extrapolated
    assert found.low < found.copies < found.high < 64
    for row in found.residuals:
        assert len(row) == len(found.sizes)
        assert row[-1] < 0.05 < row[0]


@pytest.mark.parametrize("inputs", [2, 3])
def test_an_extrapolation_holds_what_is_found_with_more(inputs: int) -> None:
    """Of a smooth encoding, whose residual falls ever faster, and of a kink, whose residual is a power."""
    for encoding in (waves, lambda x: torch.relu(x.sum(-1))):
        error = {2: 0.05, 3: 0.15}[inputs] if encoding is not waves else {2: 1e-3, 3: 0.02}[inputs]
        tried = {2: 45, 3: 256 if encoding is not waves else 128}[inputs]
        beyond = required_copies(encoding, "cos(2 sum x)", error, inputs=inputs, largest=tried)
        truth = required_copies(encoding, "cos(2 sum x)", error, inputs=inputs, largest=512)
        assert beyond.low is not None
        assert beyond.high is not None
        assert truth.copies is not None
        assert beyond.low < truth.copies < beyond.high


def test_what_is_out_of_reach_is_said_to_be() -> None:
    found = required_copies(lambda x: torch.exp(1j * x).sum(-1), "cos(2 sum x)", 0.1, inputs=3)
    assert found.copies is None
    assert "out of reach" in str(found)


def test_a_device_brings_its_encoder() -> None:
    mesh = load_device("mzi-thermo-optic", inputs=4, outputs=2)
    assert required_copies(mesh, "x1 ... xd", 0.1, inputs=2, largest=64, draws=2).copies is None
    medium = load_device("free-space-scatterer", inputs=4, classes=1)
    assert required_copies(medium, "x1 ... xd", 0.1, inputs=2, largest=64, draws=2).copies is not None


def test_few_are_said_to_be_few_and_a_wide_interval_to_be_one() -> None:
    assert str(required_copies(waves, lambda x: x.sum(-1).cos(), 0.9, inputs=2, largest=32)).startswith("8 copies or")
    kink = required_copies(lambda x: torch.relu(x.sum(-1)), "cos(2 sum x)", 1e-9, inputs=2, largest=64)
    assert " to " in str(kink)
    assert "(95 %)" in str(kink)


def test_bad_questions() -> None:
    with pytest.raises(PhotonicsError, match="constant"):
        required_copies(waves, lambda x: torch.ones(len(x)), 0.1)
    with pytest.raises(PhotonicsError, match="inputs = 0"):
        required_copies(waves, "x1 ... xd", 0.1, inputs=0)
    with pytest.raises(PhotonicsError, match="error = 2"):
        required_copies(waves, "x1 ... xd", 2.0)
    with pytest.raises(PhotonicsError, match=r"no target 'cos\(2 sum\)'"):
        required_copies(waves, "cos(2 sum)", 0.1)
