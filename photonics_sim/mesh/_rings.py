"""Add-drop microrings as weights: transfer, heaters, rows of rings on one bus, and programming them.

Equations of one ring after Bogaerts et al., Laser Photonics Rev. 6, 47 (2012); rows of rings as weights after Tait et
al., J. Lightwave Technol. 32, 4029 (2014).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photonics_sim.device import to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._ring_card import HeaterCard, RingCard

Real = float | Tensor


def ring_fields(phase: Tensor, r1: Real, r2: Real, a: Real) -> tuple[Tensor, Tensor]:
    r"""Field transmission from the input of an add-drop ring to its through and its drop port.

    .. math::
        t = \frac{r_1 - r_2 a e^{i\phi}}{1 - r_1 r_2 a e^{i\phi}}, \quad
        d = -\frac{\sqrt{(1 - r_1^2)(1 - r_2^2) a}\, e^{i\phi/2}}{1 - r_1 r_2 a e^{i\phi}}

    Args:
        phase: Phase of one round trip in rad, any shape; a multiple of 2 pi is a resonance.
        r1: Self-coupling of the coupler to the through bus, an amplitude.
        r2: Self-coupling of the coupler to the drop bus.
        a: Amplitude left after one round trip.

    Returns:
        Complex through and drop transmission, of the phase's shape.
    """
    turn, half = (torch.complex(angle.cos(), angle.sin()) for angle in (phase, phase / 2))
    rest = 1 - r1 * r2 * a * turn
    cross: Real = ((1 - r1**2) * (1 - r2**2) * a) ** 0.5
    return (r1 - r2 * a * turn) / rest, -cross * half / rest


def ring_powers(phase: Tensor, r1: Real, r2: Real, a: Real) -> tuple[Tensor, Tensor]:
    """Power transmission to the through and the drop port; arguments as `ring_fields`."""
    away = 4 * (phase / 2).sin().square()
    rest = (1 - r1 * r2 * a) ** 2 + r1 * r2 * a * away
    through: Tensor = ((r1 - r2 * a) ** 2 + r1 * r2 * a * away) / rest
    return through, (1 - r1**2) * (1 - r2**2) * a / rest


def ring_weight(phase: Tensor, r1: Real, r2: Real, a: Real) -> Tensor:
    """Weight of a ring under balanced detection: drop power less through power, within [-1, 1]."""
    through, drop = ring_powers(phase, r1, r2, a)
    return drop - through


def weight_range(r1: float, r2: float, a: float) -> tuple[float, float]:
    """Weights between resonances and on resonance: what a ring can reach."""
    low, high = ring_weight(torch.tensor([math.pi, 0.0], dtype=torch.float64), r1, r2, a).tolist()
    return low, high


def detuning_phase(detuning_m: Tensor, card: RingCard, wavelength_m: Real) -> Tensor:
    """Round-trip phase of light whose wavelength lies `detuning_m` below the resonance.

    2 pi n_g L (1 / wavelength - 1 / resonance), less a multiple of 2 pi: exact where the group index is constant.
    """
    resonance = wavelength_m + detuning_m
    return 2 * math.pi * card.group_index * card.circumference_m * detuning_m / (wavelength_m * resonance)


def program_ring(
    weight: Tensor, card: RingCard, design_wavelength_m: float, channels_m: Tensor | None = None
) -> Tensor:
    """The detuning at which a ring weighs its channel like this: the inverse of `ring_weight`.

    Args:
        weight: Wanted weights, any shape.
        card: The ring.
        design_wavelength_m: Where the ring has its quality factor.
        channels_m: Wavelength of each ring's channel, broadcast against the weights; otherwise the design wavelength.

    Returns:
        Resonance less channel in metres, on the side of the resonance from which heat approaches it: from minus half a
        free spectral range to 0. Differentiable; at the very ends of the range, where the inverse has no slope, the
        gradient is 0.

    Raises:
        PhotonicsError: for a weight that the ring does not reach.
    """
    r1, r2, a = card.amplitudes(design_wavelength_m)
    low, high = weight_range(r1, r2, a)
    _within(weight, low, high, "", f"weight of a ring with quality_factor = {card.quality_factor:g}", "scale them")
    away = (1 - r1 * r2 * a) ** 2 * (high - weight) / (r1 * r2 * a * (1 + weight))
    inside = (away > 0) & (away < 4)
    safe = torch.where(inside, away, torch.ones_like(away))
    ends = torch.where(away <= 0, torch.zeros_like(away), torch.full_like(away, -math.pi))
    phase = torch.where(inside, -2 * (safe.sqrt() / 2).asin(), ends)
    length = 2 * math.pi * card.group_index * card.circumference_m
    light: Real = design_wavelength_m if channels_m is None else channels_m
    return phase * light**2 / (length - phase * light)


def ring_detuning(power_w: Tensor, card: RingCard, error_m: Tensor | None = None) -> Tensor:
    """Where the rings of a row are resonant under these heater powers.

    Powers are cut to the heater's range and rounded to its resolution. A heater also warms its neighbours: ring j takes
    `crosstalk`^|i - j| of the shift of heater i.

    Args:
        power_w: Commanded heater powers in watts, `(..., rings)`.
        card: The rings.
        error_m: Error of the resonances as built in metres, broadcast against the powers.

    Returns:
        Resonance less channel in metres, `(..., rings)`. The gradient passes the resolution straight through.
    """
    heater = card.heater
    limit = to_si("max_power_mw", heater.max_power_mw)
    power = power_w.clamp(0, limit)
    if heater.power_bits:
        step = limit / (2**heater.power_bits - 1)
        power = torch.round(power.detach() / step) * step + (power - power.detach())
    if heater.crosstalk:
        power = power @ _crosstalk(heater, power.shape[-1]).to(power)
    detuning = to_si("tuning_nm_per_mw", heater.tuning_nm_per_mw) * power - to_si("parking_nm", card.parking_nm)
    return detuning if error_m is None else detuning + error_m


def heater_power(detuning_m: Tensor, card: RingCard, error_m: Tensor | None = None, *, check: bool = True) -> Tensor:
    """The heater powers that bring the rings of a row to these detunings: the inverse of `ring_detuning`.

    Args:
        detuning_m: Wanted resonance less channel in metres, `(..., rings)`.
        card: The rings.
        error_m: Known error of the resonances as built, which the heaters then correct.
        check: Whether to refuse powers beyond the heater's range; otherwise they are returned as they are.

    Returns:
        Powers in watts, `(..., rings)`. Crosstalk is undone; resolution is not.

    Raises:
        PhotonicsError: for a detuning that needs a power beyond the heater's range.
    """
    heater = card.heater
    shift = detuning_m + to_si("parking_nm", card.parking_nm)
    shift = shift if error_m is None else shift - error_m
    power: Tensor = shift / to_si("tuning_nm_per_mw", heater.tuning_nm_per_mw)
    if heater.crosstalk:
        power = power @ torch.linalg.inv(_crosstalk(heater, power.shape[-1])).to(power)
    if check:
        milliwatts = power / to_si("max_power_mw", 1.0)
        remedy = "change parking_nm or max_power_mw, or ask for another detuning"
        _within(milliwatts, 0.0, heater.max_power_mw, " mW", "power of a heater", remedy)
    return power


def series_bus(through: Tensor, drop: Tensor) -> tuple[Tensor, Tensor]:
    """Light on a bus meets ring after ring: what is left at its end, and what all rings together have dropped.

    Args:
        through: Power transmission of each ring, in the order in which light meets them, `(..., rings)`.
        drop: Power that each ring drops.

    Returns:
        prod_j T_j and sum_j D_j prod_{i<j} T_i, each `(...)`. Where T + D = 1 they add up to 1.
    """
    passed, reach = through, 1
    while reach < through.shape[-1]:  # doubling: log2(rings) plain products, which every transform can pass
        ahead = torch.ones_like(passed[..., :reach])
        passed, reach = passed * torch.cat([ahead, passed[..., :-reach]], -1), 2 * reach
    before = torch.cat([torch.ones_like(passed[..., :1]), passed[..., :-1]], -1)
    return passed[..., -1], (before * drop).sum(-1)


def ring_row(
    detuning_m: Tensor, wavelengths_m: Tensor, card: RingCard, design_wavelength_m: float
) -> tuple[Tensor, Tensor]:
    """Through and drop power of every channel of a row of rings, crosstalk between channels included.

    Ring j is meant for channel j, and every channel passes all rings, of every order. The light that the rings drop
    adds up in power; that it meets other rings again on the drop bus is left out.

    Args:
        detuning_m: Resonance of ring j less wavelength j in metres, `(..., rings)`.
        wavelengths_m: Of the channels, float64, `(rings)`.
        card: The rings.
        design_wavelength_m: Where the rings have their quality factor; the couplers are alike at all wavelengths.

    Returns:
        Through and drop power per power of the channel, each `(..., channels)`.
    """
    apart = (wavelengths_m - wavelengths_m.unsqueeze(-1)).to(detuning_m)  # [channel, ring], before rounding
    channels = wavelengths_m.to(detuning_m).unsqueeze(-1)
    phase = detuning_phase(apart + detuning_m.unsqueeze(-2), card, channels)
    through, drop = ring_powers(phase, *card.amplitudes(design_wavelength_m))
    return series_bus(through, drop)


def _crosstalk(heater: HeaterCard, rings: int) -> Tensor:
    """Share of a heater's shift that each ring takes, `(rings, rings)` float64; positive definite."""
    place = torch.arange(rings, dtype=torch.float64)
    shares: Tensor = heater.crosstalk ** (place - place.unsqueeze(-1)).abs()
    return shares


def _within(value: Tensor, low: float, high: float, unit: str, what: str, remedy: str) -> None:
    """Refuse values beyond `low .. high` by more than rounding."""
    slack = 16 * torch.finfo(value.dtype).eps * max(abs(low), abs(high))
    found = value.detach()
    try:
        bad = bool(((found < low - slack) | (found > high + slack) | found.isnan()).any())
    except RuntimeError:  # under vmap no value can be looked at
        return
    if bad:
        raise PhotonicsError(
            f"{what} reaches {low:.4g} to {high:.4g}{unit}; asked for {float(found.min()):.4g} to "
            f"{float(found.max()):.4g}{unit}. For all to fit, {remedy}"
        )
