"""From a commanded phase to the transmission of a pixel."""

from __future__ import annotations

import math

import pytest
import torch

from photonics_sim.device import normal
from photonics_sim.signals import phase_transmission, quantise_phase
from photonics_sim.testing import assert_close, assert_gradient


def phases(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.linspace(-7, 7, 301, dtype=torch.float64).to(dtype)


def test_an_ideal_pixel_turns_the_phase_alone(dtype: torch.dtype) -> None:
    t = phase_transmission(phases(dtype))
    assert t.dtype == {torch.float32: torch.complex64, torch.float64: torch.complex128}[dtype]
    assert_close(t, torch.exp(1j * phases(dtype)), "rounding")


@pytest.mark.parametrize(("loss", "power"), [(0.0, 1.0), (10.0, 0.1), (20.0, 0.01), (0.97, 10**-0.097)])
def test_losses_are_of_power(loss: float, power: float, dtype: torch.dtype) -> None:
    t = phase_transmission(phases(dtype), loss_db=loss)
    assert_close(t.abs().square(), torch.full((301,), power, dtype=dtype), "rounding")
    assert_close(torch.angle(t), torch.angle(torch.exp(1j * phases(dtype))), "law")


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_bits_are_even_steps_of_a_turn(bits: int) -> None:
    step = 2 * math.pi / 2**bits
    found = quantise_phase(phases(), bits)
    assert_close(found, torch.round(found / step) * step)
    assert float((found - phases()).abs().max()) <= step / 2 * (1 + 1e-9)
    levels = torch.round(torch.angle(phase_transmission(phases(), bits=bits)) / step) % 2**bits
    assert torch.equal(torch.unique(levels), torch.unique(torch.round(phases() / step) % 2**bits))
    assert bits == 8 or len(torch.unique(levels)) == 2**bits


def test_one_bit_by_hand() -> None:
    t = phase_transmission(torch.tensor([0.0, 1.5, 1.6, 3.0, 4.8], dtype=torch.float64), bits=1)
    assert_close(t.real, torch.tensor([1.0, 1.0, -1.0, -1.0, 1.0], dtype=torch.float64))


def test_no_bits_are_continuous() -> None:
    assert torch.equal(quantise_phase(phases(), 0), phases())


def test_noise_has_its_deviation_and_is_of_its_key(dtype: torch.dtype) -> None:
    n, deviation = 20_000, 0.05
    still = torch.full((n,), 0.7, dtype=dtype)
    t = phase_transmission(still, noise_rad=deviation, loss_db=3.0, key=4)
    noise = torch.angle(t).double() - 0.7
    assert abs(float(noise.mean())) < 4 * deviation / n**0.5
    assert abs(float(noise.square().mean()) / deviation**2 - 1) < 4 * (2 / n) ** 0.5
    assert_close(t.abs().square(), torch.full((n,), 10**-0.3, dtype=dtype), "rounding")
    assert torch.equal(t, phase_transmission(still, noise_rad=deviation, loss_db=3.0, key=4))
    assert not torch.equal(t, phase_transmission(still, noise_rad=deviation, loss_db=3.0, key=5))


def test_noise_comes_after_the_bits() -> None:
    t = phase_transmission(phases(), bits=2, noise_rad=0.1, key=4)
    expected = torch.exp(1j * (quantise_phase(phases(), 2) + 0.1 * normal(4, 301)))
    assert_close(t, expected)


def test_without_a_key_there_is_no_noise() -> None:
    assert torch.equal(phase_transmission(phases(), noise_rad=0.3), phase_transmission(phases()))


def test_gradients_with_noise_and_loss() -> None:
    assert_gradient(lambda p: phase_transmission(p, noise_rad=0.2, loss_db=2.0, key=4), phases()[::30])


def test_the_gradient_passes_the_bits_straight() -> None:
    x = phases().requires_grad_()
    quantise_phase(x, 3).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones(301, dtype=torch.float64))
