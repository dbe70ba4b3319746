"""Nonlinear elements that turn light into light: field amplitudes in, field amplitudes out, |a|^2 in watts."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from photonics_sim.device import to_si
from photonics_sim.mesh._activation_card import ActivationCard

Real = float | Tensor


def activate(field: Tensor, card: ActivationCard) -> Tensor:
    """Send fields through nonlinear elements of this kind.

    Args:
        field: Complex amplitudes, any shape; |field|^2 is a power in watts.
        card: Which element, and its numbers.

    Returns:
        Complex amplitudes of the same shape. Passive but for "photodiode", which adds the light of a laser of its own.
    """
    amplitude: float = 10 ** (-card.loss_db / 20)
    return amplitude * _KINDS[card.kind](field, card)


def electro_optic(field: Tensor, *, tap: Real, phase_gain: Real, phase_bias: Real = 0.0) -> Tensor:
    r"""A tapped share of the light drives an interferometer that modulates the rest.

    .. math::
        f(z) = -i \sqrt{1 - \alpha}\; e^{i \Delta / 2} \cos(\Delta / 2)\; z, \quad \Delta = g_\phi |z|^2 + \phi_b

    Williamson et al., IEEE J. Sel. Top. Quantum Electron. 26, 7700412 (2020), arXiv:1903.04579, whose time convention
    is the complex conjugate of ours. |f(z)| <= |z|: the electrical gain turns the phase, it makes no light.

    Args:
        field: z, any shape.
        tap: Share alpha of the power that is tapped.
        phase_gain: g_phi in rad per watt in front of the tap.
        phase_bias: phi_b in rad.
    """
    half = (phase_gain * _power(field) + phase_bias) / 2
    response = torch.complex(half.sin() * half.cos(), -half.cos().square())
    return (1 - tap) ** 0.5 * response * field


def saturable_absorption(field: Tensor, *, saturation_w: Real, transmission: Tensor) -> Tensor:
    r"""A fast absorber that strong light bleaches.

    Local absorption alpha / (1 + I / I_s) along the element gives for the transmitted share T of the power

    .. math::
        \ln(T / T_0) = \frac{I}{I_s} (1 - T), \qquad f(z) = \sqrt{T}\, z

    Selden, Br. J. Appl. Phys. 18, 743 (1967). The phase that comes with the absorption is left out.

    Args:
        field: z, any shape.
        saturation_w: Saturation power I_s in watts.
        transmission: T_0 of weak light, in (0, 1], a real tensor that broadcasts against the field.
    """
    strength, weak = _power(field) / saturation_w, transmission.log()
    # convex and rising in ln T, and not negative at the start: Newton falls monotonically onto the root
    root = torch.zeros_like(strength.detach() + weak.detach())
    for _ in range(_SEARCH_STEPS):
        root = _newton(root, strength.detach(), weak.detach())
    for _ in range(_GRAPH_STEPS):
        root = _newton(root, strength, weak)
    return (root / 2).exp() * field


def photodiode(field: Tensor, *, phase_gain: Real, laser_w: Real) -> Tensor:
    r"""Detect the light and modulate a fresh laser with the photocurrent.

    .. math::
        f(z) = \sqrt{P} \sin(g |z|^2 / 2)

    The modulator is an interferometer in push-pull at its dark point: its field, not its power, follows the drive, so
    weak light is squared, and no output exceeds the laser. Modulator neurons of this kind: Tait et al., Phys. Rev.
    Applied 11, 064043 (2019).

    Args:
        field: z, any shape; its phase is lost.
        phase_gain: g in rad per watt.
        laser_w: Power P of the laser in watts.
    """
    amplitude: Tensor = (phase_gain * _power(field) / 2).sin() * laser_w**0.5
    return torch.complex(amplitude, torch.zeros_like(amplitude))


_SEARCH_STEPS = 16
# k steps from the root carry derivatives up to order 2^k - 1
_GRAPH_STEPS = 3


def _newton(root: Tensor, strength: Tensor, weak: Tensor) -> Tensor:
    """One step towards the root y = ln T of y - ln T_0 - (I / I_s)(1 - e^y)."""
    return root - (root - weak + strength * root.expm1()) / (1 + strength * root.exp())


def _power(field: Tensor) -> Tensor:
    """|z|^2 by parts: smooth at z = 0, where |z| is not."""
    return field.real.square() + field.imag.square()


def _none(field: Tensor, card: ActivationCard) -> Tensor:
    return field


def _electro_optic(field: Tensor, card: ActivationCard) -> Tensor:
    return electro_optic(field, tap=card.tap, phase_gain=card.phase_gain_rad_per_w, phase_bias=card.phase_bias_rad)


def _saturable_absorber(field: Tensor, card: ActivationCard) -> Tensor:
    transmission = torch.full_like(field.real, 10 ** (-card.absorption_db / 10))
    return saturable_absorption(
        field, saturation_w=to_si("saturation_mw", card.saturation_mw), transmission=transmission
    )


def _photodiode(field: Tensor, card: ActivationCard) -> Tensor:
    gain = math.pi * card.responsivity_a_per_w * card.gain_ohm / card.half_wave_v
    return photodiode(field, phase_gain=gain, laser_w=to_si("laser_power_mw", card.laser_power_mw))


_KINDS: dict[str, Callable[[Tensor, ActivationCard], Tensor]] = {
    "none": _none,
    "electro-optic": _electro_optic,
    "saturable-absorber": _saturable_absorber,
    "photodiode": _photodiode,
}
