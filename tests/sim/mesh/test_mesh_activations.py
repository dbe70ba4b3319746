"""Optical nonlinearities: closed forms, passivity, saturation, derivatives also in the dark."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from scipy.special import lambertw
from torch import Tensor
from torch.func import jacfwd, jacrev, vmap

from photonics_sim.device import normal
from photonics_sim.mesh import (
    ActivationCard,
    activate,
    activation_costs,
    electro_optic,
    photodiode,
    saturable_absorption,
)
from photonics_sim.testing import assert_close, assert_gradient, assert_passive

# some milliwatts: an appreciable part of the drive for a phase of pi, and of the saturation power
CARDS: dict[str, dict[str, Any]] = {
    "none": {},
    "electro-optic": {"gain_ohm": 2e4, "half_wave_v": 5.0, "bias_v": 1.0},
    "saturable-absorber": {"absorption_db": 8.0, "saturation_mw": 0.5},
    "photodiode": {"gain_ohm": 2e3, "half_wave_v": 5.0, "laser_power_mw": 20.0},
}
PASSIVE = ["none", "electro-optic", "saturable-absorber"]
KINDS = [*PASSIVE, "photodiode"]


def card(kind: str, **fields: Any) -> ActivationCard:
    return ActivationCard.model_validate({"kind": kind} | CARDS[kind] | fields)


def fields(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Complex amplitudes of some milliwatts, darkness among them."""
    parts = math.sqrt(1e-3) * normal(1, *shape, 2)
    parts[..., 0, :] = 0
    return torch.view_as_complex(parts.to(dtype))


def power(field: Tensor) -> Tensor:
    return field.abs().square()


@pytest.mark.parametrize("kind", KINDS)
def test_shape_and_precision_stay(kind: str, dtype: torch.dtype) -> None:
    single = activate(fields(3, 4, dtype=dtype), card(kind))
    assert single.shape == (3, 4)
    assert single.dtype == fields(3, 4, dtype=dtype).dtype
    assert_close(single, activate(fields(3, 4), card(kind)).to(single.dtype), "law")
    assert float(single[:, 0].abs().max()) == 0, "darkness stays dark"


def test_the_default_does_nothing() -> None:
    assert torch.equal(activate(fields(5), ActivationCard()), fields(5))


@pytest.mark.parametrize("kind", KINDS)
def test_loss_comes_on_top(kind: str) -> None:
    plain, lossy = (power(activate(fields(5), card(kind, loss_db=loss))) for loss in (0.0, 3.0))
    assert_close(lossy, 10**-0.3 * plain, "law")


@pytest.mark.parametrize("kind", PASSIVE)
def test_passive_elements_make_no_light(kind: str, dtype: torch.dtype) -> None:
    for factor in (1e-3, 1.0, 1e3):
        field = factor * fields(200, dtype=dtype)[1:]
        assert_passive(power(field), power(activate(field, card(kind))))


def test_the_photodiode_never_exceeds_its_laser() -> None:
    """It is active: weak light comes out stronger than it went in, out of the laser."""
    field = torch.linspace(0, 0.2, 500, dtype=torch.float64) + 0j
    out = power(activate(field, card("photodiode")))
    assert math.isclose(float(out.max()), 20e-3, rel_tol=1e-3)
    assert float((out - power(field)).max()) > 1e-3
    assert activate(fields(5), card("photodiode", laser_power_mw=0.0)).abs().max() == 0


def test_electro_optic_is_the_published_response() -> None:
    """Williamson et al. write exp(+j omega t): their response is the complex conjugate of ours."""
    numbers = card("electro-optic", tap=0.2)
    gain = math.pi * 0.2 * 2e4 * 1.0 / 5.0
    assert math.isclose(numbers.phase_gain_rad_per_w, gain)
    z = fields(50)
    angle = gain * power(z) + math.pi * 1.0 / 5.0
    theirs = 1j * math.sqrt(0.8) * torch.exp(-0.5j * angle) * torch.cos(angle / 2)
    assert_close(activate(z, numbers), theirs.conj() * z, "law")


def test_electro_optic_switches_between_dark_and_bright() -> None:
    """A bias of half a wave starts dark; another half wave of light makes it bright but for the tap."""
    numbers = card("electro-optic", bias_v=5.0)
    watts = math.pi / numbers.phase_gain_rad_per_w
    z = torch.tensor([1e-4 * watts, watts], dtype=torch.float64).sqrt() + 0j
    dark, bright = (power(activate(z, numbers)) / power(z)).tolist()
    assert dark < 1e-6
    assert math.isclose(bright, 0.9)


@pytest.mark.parametrize("weak", [1e-6, 0.1, 0.9, 1.0])
def test_the_absorber_is_the_closed_form(weak: float, dtype: torch.dtype) -> None:
    """T I / I_s = W(T_0 (I / I_s) e^(I / I_s)), Lambert's function, from darkness to far beyond saturation."""
    strength = torch.cat([torch.zeros(1), torch.logspace(-6, 2, 60)]).double()
    closed = torch.from_numpy(lambertw(weak * (strength * strength.exp()).numpy()).real)
    expected = torch.where(strength > 0, closed / strength.clamp_min(1e-30), torch.full_like(closed, weak))
    field = (0.01 * strength).sqrt().to(dtype) + 0j
    transmission = torch.full_like(field.real, weak)
    out = saturable_absorption(field, saturation_w=0.01, transmission=transmission)
    assert_close(power(out) / 0.01, (expected * strength).to(dtype), "law")
    assert_close(power(out)[1:] / power(field)[1:], expected[1:].to(dtype), "law")


def test_the_absorber_obeys_its_equation_far_beyond_saturation() -> None:
    strength = torch.logspace(2, 8, 30, dtype=torch.float64)
    out = power(
        saturable_absorption(strength.sqrt() + 0j, saturation_w=1.0, transmission=torch.full_like(strength, 1e-6))
    )
    lost = math.log(1e6) + (out / strength).log()  # = strength - out
    assert_close(out + lost, strength, "law")


def test_bleaching_is_monotone_and_ends_transparent() -> None:
    z = torch.linspace(0, 1.0, 400, dtype=torch.float64)[1:] + 0j
    share = power(activate(z, card("saturable-absorber"))) / power(z)
    assert (share.diff() > 0).all()
    assert float(share[0]) < 1.02 * 10**-0.8
    assert float(share[-1]) > 0.999


def test_the_absorber_keeps_the_phase() -> None:
    z = fields(50)[1:]
    assert_close(activate(z, card("saturable-absorber")).angle(), z.angle(), "law")


def test_the_photodiode_squares_weak_light() -> None:
    z = 1e-4 * fields(50)
    gain = math.pi * 2e3 / 5.0
    assert_close(activate(z, card("photodiode")), math.sqrt(20e-3) * gain / 2 * power(z) + 0j, "law")


def test_the_gradient_passes_every_number_also_in_the_dark() -> None:
    z = 30 * fields(4)
    tap, gain, bias = (torch.tensor(value, dtype=torch.float64) for value in (0.1, 2.0, 0.3))
    assert_gradient(lambda z, a, g, b: electro_optic(z, tap=a, phase_gain=g, phase_bias=b), z, tap, gain, bias)
    weak = torch.tensor([0.01, 0.2, 0.9, 0.5], dtype=torch.float64)
    assert_gradient(lambda z, s, t: saturable_absorption(z, saturation_w=s, transmission=t), z, gain, weak)
    assert_gradient(lambda z, g, p: photodiode(z, phase_gain=g, laser_w=p), z, gain, bias)


@pytest.mark.parametrize("kind", KINDS)
def test_function_transforms_agree_also_in_the_dark(kind: str) -> None:
    numbers = card(kind)

    def f(parts: Tensor) -> Tensor:
        return torch.view_as_real(activate(0.03 * torch.view_as_complex(parts), numbers))

    parts = normal(1, 3, 4, 2)
    parts[:, 0] = 0
    assert_close(jacfwd(f)(parts[0]), jacrev(f)(parts[0]), "law")
    assert_close(vmap(f)(parts), f(parts), "rounding")
    forward, reverse = jacfwd(jacfwd(f))(parts[0]), jacrev(jacrev(f))(parts[0])
    assert torch.isfinite(forward).all()
    assert_close(forward, reverse, "law")


def test_second_derivatives_of_the_absorber_are_those_of_the_closed_form() -> None:
    """Of out = W(T_0 p e^p): out' = out (1 + p) / (p (1 + out)), differentiated once more by hand."""
    p = torch.tensor([0.05, 0.7, 3.0], dtype=torch.float64, requires_grad=True)

    def output(strength: Tensor) -> Tensor:
        weak = torch.full_like(strength, 0.1)
        return power(saturable_absorption(strength.sqrt() + 0j, saturation_w=1.0, transmission=weak))

    out = output(p)
    (first,) = torch.autograd.grad(out.sum(), p, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), p, create_graph=True)
    by_hand = out * (1 + p) / (p * (1 + out))
    assert_close(first, by_hand, "law")
    (slope_p,) = torch.autograd.grad(by_hand.sum(), p)
    assert_close(second, slope_p, "law")
    ratio, u = (1 + 1 / p), out / (1 + out)
    explicit = -u / p**2 + ratio * by_hand / (1 + out) ** 2
    assert_close(second, explicit, "law")


def test_costs_by_hand() -> None:
    assert activation_costs(ActivationCard(), 8).total_energy_j == 0
    driven = activation_costs(card("electro-optic", bias_power_mw=2.0, bandwidth_ghz=20.0), 8)
    assert math.isclose(driven.total_latency_s, 50e-12)
    assert math.isclose(driven.total_energy_j, 8 * 2e-3 * 50e-12)
    renewed = activation_costs(card("photodiode", bandwidth_ghz=20.0), 8)
    assert math.isclose(renewed.total_energy_j, 8 * 20e-3 / 0.2 * 50e-12)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"kind": "relu"}, "kind"), ({"tap": 1.0}, "tap"), ({"half_wave_v": 0.0}, "half_wave_v"), ({"gain": 1.0}, "gain")],
)
def test_impossible_numbers_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ActivationCard.model_validate(values)
