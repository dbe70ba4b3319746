"""What cannot be judged, and devices of the catalogue."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis import check_universality, coupling_spectrum


def drawn(x: Tensor) -> Tensor:
    return x.sum(-1) + torch.rand(len(x))


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (lambda x: x.sum(-1) / 0, "not finite"),
        (lambda x: x, r"must map \(batch, inputs\) to"),
        (drawn, "answers the same inputs differently"),
        (lambda x: x.sum(-1) - x.sum(), "depends on the others of its batch"),
        (lambda x: (x.sum(-1) > 0).long(), "gives torch.int64"),
        (lambda x: None, "gives NoneType"),
    ],
)
def test_bad_responses(response: object, words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        check_universality(response, 3)  # type: ignore[arg-type]


def test_too_much_is_counted_first() -> None:
    with pytest.raises(PhotonicsError, match=r"order 70 in 3 inputs takes 256 x 71\^3 points"):
        check_universality(lambda x: x.sum(-1), 12, order=70)
    with pytest.raises(PhotonicsError, match=r"256 x 4\^12 noisy readings"):
        check_universality(lambda x: x.sum(-1), 12, order=3, noise=0.1)
    with pytest.raises(PhotonicsError, match="at least 1"):
        check_universality(lambda x: x.sum(-1), 0)
    with pytest.raises(PhotonicsError, match="domain"):
        check_universality(lambda x: x.sum(-1), 2, domain=(1.0, 1.0))


def test_without_derivatives_differences_decide() -> None:
    """numpy takes the values, so that no derivative passes."""
    report = check_universality(lambda x: torch.from_numpy(x.detach().numpy()).sum(-1).tanh(), 3)
    assert report.verdict == "nondegenerate"
    assert report.smooth is not True
    assert any("differences alone decided" in caveat for caveat in report.caveats)


def test_the_scatterer_couples_all_its_inputs() -> None:
    report = check_universality(load_device("free-space-scatterer", inputs=6, classes=3), 3)
    assert report.verdict == "nondegenerate"
    assert report.encoder == "diagonal"


def test_a_mesh_with_all_inputs_in_one_column_couples_none() -> None:
    """A field path crosses one modulator."""
    report = check_universality(load_device("mzi-thermo-optic", inputs=6, outputs=3), 3)
    assert report.verdict == "degenerate"
    assert report.witness is not None
    assert sum(report.witness.alpha) == 2
    assert report.certificate is not None
    assert report.certificate.holds


def test_a_device_without_a_field_is_refused() -> None:
    with pytest.raises(PhotonicsError, match="does not tell its field"):
        check_universality(load_device("ring-bank-silicon", inputs=6, rows=3), 3)
    with pytest.raises(PhotonicsError, match="has 6 inputs; found inputs = 7"):
        check_universality(load_device("mzi-thermo-optic", inputs=6, outputs=3), 7)


def test_coupling_fades_with_the_number_of_inputs() -> None:
    """One input explains all that one input can; each further one leaves less to all of them together."""
    device = load_device("free-space-scatterer", inputs=6, classes=1)
    shares = [strength.share for strength in coupling_spectrum(device, 4).values()]
    assert abs(shares[0] - 1) < 0.2
    assert all(more > 3 * less for more, less in itertools.pairwise(shares))
    meshes = coupling_spectrum(load_device("mzi-thermo-optic", inputs=6, outputs=3), 2)
    assert meshes[2].share < 1e-20
    with pytest.raises(PhotonicsError, match="has 6 inputs"):
        coupling_spectrum(device, 7, pairs=10)


@pytest.mark.parametrize("noise", [math.nan, math.inf, -0.1])
def test_bad_noise(noise: float) -> None:
    with pytest.raises(PhotonicsError, match="rms of one reading"):
        check_universality(lambda x: x.sum(-1), 2, noise=noise)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoder": "dens"}, "encoder = 'dens'"),
        ({"readout": "intensity"}, "readout = 'intensity'"),
        ({"crossings": 0}, "crossings = 0"),
    ],
)
def test_bad_assumptions(options: dict[str, Any], words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        check_universality(lambda x: x.sum(-1), 2, **options)


def test_a_point_without_an_answer_is_named() -> None:
    with pytest.raises(PhotonicsError, match=r"not finite within the domain .* for instance at \[-1\.9"):
        check_universality(lambda x: (x[:, 0] + 1.95).sqrt() + x[:, 1], 2)


def test_some_inputs_pass_and_the_whole_is_refuted() -> None:
    """16 inputs on two columns: an intensity couples four."""
    device = load_device("time-multiplexed-electro-optic", inputs=16, columns=2)
    report = check_universality(device, 2)
    assert report.verdict == "nondegenerate"
    assert "(all 16 together are degenerate)" in report.sentence
    assert "all 16 inputs together are degenerate: path counting lets 4 of them couple at most" in report.caveats
    assert check_universality(device, 5).verdict == "degenerate"


def test_many_inputs_of_a_periodic_device_are_answered_in_memory() -> None:
    device = load_device("time-multiplexed-electro-optic", inputs=12, columns=12)
    report = check_universality(device, 9, order=1)
    assert report.spectrum is None
    assert report.verdict in {"nondegenerate", "inconclusive"}
