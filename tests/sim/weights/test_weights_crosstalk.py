"""Crosstalk as neighbours and shares, against the matrix written out."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_adjoint, assert_close, assert_gradient
from photonics_sim.weights import Crosstalk, PhaseShifterCard, _crosstalk

SHARE, PITCH, DECAY = 0.04, 100.0, 45.0


def card(**fields: float) -> PhaseShifterCard:
    numbers: dict[str, Any] = {"crosstalk": SHARE, "crosstalk_pitch_um": PITCH, "crosstalk_decay_um": DECAY} | fields
    return PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, **numbers)


def scattered(n: int = 60) -> Tensor:
    """Places on a jittered grid, in metres, never closer than half a pitch."""
    side = math.ceil(n**0.5)
    grid = torch.cartesian_prod(torch.arange(side), torch.arange(side)).double()[:n]
    return (grid + 0.2 * torch.tanh(normal(1, n, 2))) * PITCH * 1e-6


def dense(positions: Tensor, cut: float) -> Tensor:
    """K written out, without what is below `cut` of the largest share."""
    distance = torch.cdist(positions, positions, compute_mode="donot_use_mm_for_euclid_dist")
    K = SHARE * torch.exp(-(distance - PITCH * 1e-6) / (DECAY * 1e-6))
    K.fill_diagonal_(0)
    return K.where(cut * K.max() <= K, torch.zeros_like(K))


def test_it_is_the_matrix_without_its_small_shares(dtype: torch.dtype) -> None:
    places = scattered()
    crosstalk = Crosstalk.from_positions(places, card()).to(dtype)
    K = dense(places, _crosstalk.CUT_OFF)
    assert 0 < int((K == 0).sum()) - len(K) < K.numel() / 2
    assert crosstalk.shares.shape[1] == int((K > 0).sum(-1).max())
    assert_close(crosstalk(torch.eye(60, dtype=dtype)), K.to(dtype))
    x = normal(2, 3, 4, 60).to(dtype)
    assert_close(crosstalk(x), x @ K.to(dtype))


def test_what_is_cut_off_is_below_a_ten_thousandth_of_the_largest_share_each() -> None:
    places, ones = scattered(), torch.ones(60, dtype=torch.float64)
    missing = dense(places, 0.0) @ ones - Crosstalk.from_positions(places, card())(ones)
    largest = float(dense(places, 0.0).max())
    assert 0 < float(missing.max()) < 60 * 1e-4 * largest


def test_two_shifters_by_hand() -> None:
    """One pitch apart each takes the card's share; a decay length further 1/e of it."""
    for distance, share in (
        (PITCH, SHARE),
        (PITCH + DECAY, SHARE / math.e),
        (PITCH - 20, SHARE * math.exp(20 / DECAY)),
    ):
        places = torch.tensor([[0.0, 0.0], [0.6 * distance, 0.8 * distance]], dtype=torch.float64) * 1e-6
        found = Crosstalk.from_positions(places, card())(torch.tensor([1.0, 10.0], dtype=torch.float64))
        assert_close(found, torch.tensor([10 * share, share], dtype=torch.float64))


def test_shares_are_never_negative_and_none_is_its_own_neighbour() -> None:
    crosstalk = Crosstalk.from_positions(scattered(), card())
    assert float(crosstalk.shares.min()) == 0
    own = crosstalk.neighbours == torch.arange(60)[:, None]
    assert float(crosstalk.shares[own].max()) == 0


def test_what_i_take_of_you_you_take_of_me() -> None:
    crosstalk = Crosstalk.from_positions(scattered(), card())
    assert_adjoint(crosstalk, crosstalk, normal(3, 60), normal(4, 60))


def test_a_lone_shifter_and_a_card_without_crosstalk_have_no_neighbours() -> None:
    off = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0)
    for places, numbers in ((scattered(), off), (scattered(1), card()), (scattered(0), card())):
        crosstalk = Crosstalk.from_positions(places, numbers)
        assert crosstalk.shares.shape == (len(places), 0)
        assert torch.equal(crosstalk(torch.ones(2, len(places))), torch.zeros(2, len(places)))
        assert crosstalk.spectral_radius() == 0


def test_numpy_places_are_as_good() -> None:
    first = Crosstalk.from_positions(scattered().numpy(), card())
    assert torch.equal(first.shares, Crosstalk.from_positions(scattered(), card()).shares)


def test_many_phases_at_once_take_a_loop_and_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    crosstalk, x = Crosstalk.from_positions(scattered(), card()), normal(2, 3, 60)
    at_once = crosstalk(x)
    monkeypatch.setattr(_crosstalk, "ONE_GATHER", 0)
    assert_close(crosstalk(x), at_once, "equal")
    assert_gradient(crosstalk, x)


def test_gradients_in_phases_and_shares() -> None:
    places = scattered(9)
    built = Crosstalk.from_positions(places, card())
    assert_gradient(lambda x, shares: Crosstalk(built.neighbours, shares)(x), normal(2, 2, 9), built.shares)


def test_the_spectral_radius_is_the_largest_eigenvalue() -> None:
    places = scattered()
    expected = float(torch.linalg.eigvalsh(dense(places, _crosstalk.CUT_OFF)).max())
    assert Crosstalk.from_positions(places, card()).spectral_radius() == pytest.approx(expected, rel=1e-4)
    star = torch.tensor([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) * PITCH * 1e-6
    steep = Crosstalk.from_positions(star, card(crosstalk_decay_um=4.0))
    assert steep.spectral_radius() == pytest.approx(2 * SHARE, rel=1e-3)
    pair = torch.tensor([[0.0, 0.0], [PITCH * 1e-6, 0.0]], dtype=torch.float64)
    assert Crosstalk.from_positions(pair, card()).spectral_radius() == pytest.approx(SHARE, rel=1e-12)


def test_it_moves_with_the_device_and_is_no_part_of_its_state() -> None:
    crosstalk = Crosstalk.from_positions(scattered(), card()).to(torch.float32)
    assert crosstalk.shares.dtype == torch.float32
    assert crosstalk.neighbours.dtype == torch.int64
    assert crosstalk.state_dict() == {}


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (torch.zeros(5, 3), r"shape \(shifters, 2\); found shape \(5, 3\)$"),
        (torch.zeros(5), r"found shape \(5,\)"),
        (torch.tensor([[0.0, math.nan]]), "values that are not finite"),
        (torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), "shifters [12] and [12] are 0 um apart"),
        (torch.tensor([[0.0, 0.0], [1e-6, 0.0]]), "would be 1 or more; move them apart, or give crosstalk_pitch_um"),
    ],
)
def test_places_that_cannot_be_are_refused(places: Tensor, message: str) -> None:
    steep = card(crosstalk=0.4, crosstalk_decay_um=90.0)
    with pytest.raises(PhotonicsError, match=message):
        Crosstalk.from_positions(places, steep)


def test_crosstalk_that_does_not_decay_is_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"does not decay: shifter \d+ would pick up 2\.\d* .*lower crosstalk"):
        Crosstalk.from_positions(scattered(), card(crosstalk_decay_um=1e5))
    weak = card(crosstalk=1e-6, crosstalk_decay_um=90.0)
    with pytest.raises(PhotonicsError, match="are 0 um apart; give each a place of its own"):
        Crosstalk.from_positions(torch.zeros(2, 2), weak)


def test_crosstalk_that_reaches_everywhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_crosstalk, "MAX_ENTRIES", 1000)
    with pytest.raises(
        PhotonicsError, match=r"59 neighbours of 60 shifters: 3\.5e\+03 shares.*lower crosstalk_decay_um"
    ):
        Crosstalk.from_positions(scattered(), card(crosstalk_decay_um=1e5))


def test_phases_of_another_number_are_refused() -> None:
    crosstalk = Crosstalk.from_positions(scattered(), card())
    for shape in ((59,), (60, 1), ()):
        with pytest.raises(PhotonicsError, match="positions of 60 shifters; found phases of shape"):
            crosstalk(torch.zeros(shape))
