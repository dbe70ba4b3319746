"""Modulators that write data on coherent light."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim import load_card
from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.signals import EncoderCard, encode
from photonics_sim.testing import assert_close, assert_gradient

COSTS = {"bandwidth_ghz": 1.0, "energy_fj": 1.0, "dac_energy_pj": 1.0}


def card(**fields: object) -> EncoderCard:
    return EncoderCard.model_validate(COSTS | fields)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_three_kinds(dtype: torch.dtype) -> None:
    x = normal(1, 50).to(dtype)
    amplitude = encode(x, card(drive_rad=0.7, bias_rad=0.3))
    assert_close(amplitude, torch.complex((0.7 * x + 0.3).sin(), torch.zeros_like(x)))
    phase = encode(x, card(kind="phase", drive_rad=0.7))
    assert_close(phase, torch.exp(0.7j * x))
    linear = encode(x, card(kind="linear", drive_rad=0.7, bias_rad=0.3))
    assert_close(linear.real, (0.7 * x + 0.3).clamp(-1, 1))
    assert not linear.imag.any()


def test_loss_and_passivity() -> None:
    x = normal(1, 100)
    for kind in ("amplitude", "phase", "linear"):
        lossless, lossy = encode(x, card(kind=kind)), encode(x, card(kind=kind, loss_db=3.0))
        assert float(lossless.abs().max()) <= 1 + 1e-12
        assert_close(lossy.abs().square(), lossless.abs().square() * 10**-0.3)


@pytest.mark.parametrize("kind", ["amplitude", "linear"])
@pytest.mark.parametrize("extinction_db", [3.0, 20.0])
def test_what_is_left_in_the_dark(kind: str, extinction_db: float) -> None:
    """Brightest over darkest power is the extinction, the brightest is what it was, and the power is that of two arms.

    An interferometer with arms (1 + e)/2 and (1 - e)/2 sends sin t + i e cos t.
    """
    finite, perfect = (card(kind=kind, drive_rad=1.0, bias_rad=0.0, extinction_db=x) for x in (extinction_db, 0.0))
    turn = torch.linspace(-math.pi / 2, math.pi / 2, 201, dtype=torch.float64)
    x = turn if kind == "amplitude" else turn.sin()
    power, before = encode(x, finite).abs().square(), encode(x, perfect).abs().square()
    assert float(power.max()) == pytest.approx(float(before.max()), rel=1e-14)
    assert float(power.max() / power.min()) == pytest.approx(10 ** (extinction_db / 10), rel=1e-12)
    e = 10 ** (-extinction_db / 20)
    assert_close(power, ((1 + e) / 2 * torch.exp(1j * turn) - (1 - e) / 2 * torch.exp(-1j * turn)).abs().square())
    assert float(before.min()) < 1e-30
    assert_close(encode(x, finite).real / encode(x, perfect).real[0].abs(), math.sqrt(1 - e * e) * turn.sin())


def test_an_extinction_of_phases_is_refused() -> None:
    with pytest.raises(PhotonicsError, match="extinction_db = 20: a modulator of kind phase makes nothing dark; set 0"):
        load_card("mzi-thermo-optic", {"encoder.kind": "phase", "encoder.extinction_db": 20.0})


def test_bits_are_steps_of_phase() -> None:
    found = encode(normal(1, 1000), card(kind="phase", dac_bits=3)).angle() / (2 * math.pi / 8)
    assert_close(found, found.round())
    assert len(found.round().remainder(8).unique()) <= 8
    levels = encode(normal(1, 1000), card(kind="linear", dac_bits=3)).real
    assert_close(levels * 4, (levels * 4).round())


def test_noise_is_a_function_of_the_key() -> None:
    x, noisy = torch.zeros(20000, dtype=torch.float64), card(kind="phase", phase_noise_rad=0.1)
    assert torch.equal(encode(x, noisy, 3), encode(x, noisy, 3))
    assert float(encode(x, noisy, 3).angle().std()) == pytest.approx(0.1, rel=0.03)
    assert torch.equal(encode(x, noisy), torch.ones_like(encode(x, noisy)))


def test_gradients() -> None:
    for kind in ("amplitude", "phase", "linear"):
        one = card(kind=kind, loss_db=1.0, extinction_db=0.0 if kind == "phase" else 10.0)
        assert_gradient(lambda x, c=one: torch.view_as_real(encode(x, c, 5)), normal(2, 6))
