"""Microrings: closed forms, energy, resonance widths, rows on one bus, heaters and programming."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import jacfwd, jacrev, vmap

from photonics_sim import PhotonicsError
from photonics_sim.device import normal
from photonics_sim.mesh import (
    HeaterCard,
    RingCard,
    detuning_phase,
    heater_power,
    program_ring,
    ring_detuning,
    ring_fields,
    ring_powers,
    ring_row,
    ring_weight,
    series_bus,
    weight_range,
)
from photonics_sim.testing import assert_close, assert_gradient, tolerance

WAVELENGTH_M = 1.55e-6
HEATER: dict[str, Any] = {"tuning_nm_per_mw": 0.25, "max_power_mw": 4.0}
RING: dict[str, Any] = {"radius_um": 5.0, "group_index": 4.2, "quality_factor": 1e4, "parking_nm": 0.5}
LOSSY: dict[str, Any] = {"loss_db_per_cm": 10.0}


def ring(heater: dict[str, Any] | None = None, **fields: Any) -> RingCard:
    return RingCard.model_validate(RING | fields | {"heater": HeaterCard(**(HEATER | (heater or {})))})


def phases(dtype: torch.dtype = torch.float64) -> Tensor:
    """All round the circle, resonance and its flanks included."""
    return torch.cat([torch.linspace(-4, 4, 41), torch.linspace(-0.05, 0.05, 21), torch.zeros(1)]).to(dtype)


def wavelengths(channels: int, spacing_nm: float = 0.8) -> Tensor:
    return WAVELENGTH_M + spacing_nm * 1e-9 * torch.arange(channels, dtype=torch.float64)


def test_fields_are_the_sum_over_all_round_trips() -> None:
    r1, r2, a = 0.8, 0.7, 0.9
    turn = torch.polar(torch.tensor(a, dtype=torch.float64), phases())
    trips = (r1 * r2 * turn).unsqueeze(-1) ** torch.arange(80)
    cross = math.sqrt((1 - r1**2) * (1 - r2**2))
    half = torch.polar(torch.tensor(a**0.5, dtype=torch.float64), phases() / 2)
    through, drop = ring_fields(phases(), r1, r2, a)
    assert_close(through, r1 - (1 - r1**2) * r2 * turn * trips.sum(-1), "law")
    assert_close(drop, -cross * half * trips.sum(-1), "law")


def test_powers_are_those_of_the_fields_and_of_the_review(dtype: torch.dtype) -> None:
    r1, r2, a = 0.95, 0.9, 0.97
    phase = phases(dtype)
    through, drop = ring_powers(phase, r1, r2, a)
    rest = 1 - 2 * r1 * r2 * a * phase.cos() + (r1 * r2 * a) ** 2
    published = ((r2 * a) ** 2 - 2 * r1 * r2 * a * phase.cos() + r1**2) / rest
    assert_close(through, published, "law")
    assert_close(drop, (1 - r1**2) * (1 - r2**2) * a / rest, "law")
    for power, field in zip((through, drop), ring_fields(phase, r1, r2, a), strict=True):
        assert_close(power, field.abs().square(), "law")
    assert_close(ring_weight(phase, r1, r2, a), drop - through)


@pytest.mark.parametrize(("r1", "r2"), [(0.9, 0.9), (0.99, 0.6), (0.3, 0.95)])
def test_a_lossless_ring_keeps_all_light_at_every_detuning(r1: float, r2: float, dtype: torch.dtype) -> None:
    through, drop = ring_powers(phases(dtype), r1, r2, 1.0)
    assert_close(through + drop, torch.ones_like(drop), "law")


@pytest.mark.parametrize("coupling", ["symmetric", "critical"])
def test_a_lossy_ring_loses_light_and_most_on_resonance(coupling: str) -> None:
    amplitudes = ring(coupling=coupling, **LOSSY).amplitudes(WAVELENGTH_M)
    kept = torch.stack(ring_powers(phases(), *amplitudes)).sum(0)
    assert kept.max() < 1
    assert kept.argmin() == phases().abs().argmin()


@pytest.mark.parametrize("quality_factor", [100.0, 1e4, 5e4])
@pytest.mark.parametrize("fields", [{}, {"loss_db_per_cm": 5.0}, {"coupling": "critical", "loss_db_per_cm": 5.0}])
def test_the_full_width_at_half_maximum_is_the_wavelength_over_q(quality_factor: float, fields: dict[str, Any]) -> None:
    """Half the peak at the frequencies nu (1 +- 1 / 2Q), exactly."""
    card = ring(quality_factor=quality_factor, **fields)
    amplitudes = card.amplitudes(WAVELENGTH_M)
    frequencies = torch.tensor([1 - 0.5 / quality_factor, 1.0, 1 + 0.5 / quality_factor], dtype=torch.float64)
    light = WAVELENGTH_M / frequencies
    drop = ring_powers(detuning_phase(WAVELENGTH_M - light, card, light), *amplitudes)[1]
    assert_close(drop / drop[1], torch.tensor([0.5, 1.0, 0.5], dtype=torch.float64), "law")


def test_resonances_repeat_after_the_free_spectral_range() -> None:
    card = ring()
    length = card.group_index * card.circumference_m
    orders = torch.arange(-2, 3, dtype=torch.float64)
    light = 1 / (1 / WAVELENGTH_M + orders / length)
    through, drop = ring_powers(detuning_phase(WAVELENGTH_M - light, card, light), *card.amplitudes(WAVELENGTH_M))
    assert_close(drop, torch.ones_like(drop), "law")
    assert float(through.max()) < 1e-11
    spacing = float(light[1] - light[3]) / 2
    # its square, over that of the wavelength, is the next order
    assert abs(spacing / card.free_spectral_range_m(WAVELENGTH_M) - 1) < 2 * (spacing / WAVELENGTH_M) ** 2


def test_phase_grows_with_the_resonance_above_the_light() -> None:
    card = ring()
    found = detuning_phase(torch.tensor([1e-9], dtype=torch.float64), card, WAVELENGTH_M)
    optical = 4.2 * 2 * math.pi * 5e-6
    expected = 2 * math.pi * optical * (1 / 1.55e-6 - 1 / 1.551e-6)
    assert_close(found, torch.full_like(found, expected), "law")
    assert float(found) > 0


def test_critical_coupling_leaves_nothing_on_the_through_bus() -> None:
    on_resonance = torch.zeros(1, dtype=torch.float64)
    for coupling, dark in (("critical", True), ("symmetric", False)):
        through, _ = ring_powers(on_resonance, *ring(coupling=coupling, **LOSSY).amplitudes(WAVELENGTH_M))
        assert (float(through) < 1e-20) == dark
    r1, r2, a = ring(coupling="critical", **LOSSY).amplitudes(WAVELENGTH_M)
    assert math.isclose(r1, r2 * a)
    assert math.isclose(a**2, 10 ** (-10 * 2 * math.pi * 5e-4 / 10))


@pytest.mark.parametrize("coupling", ["symmetric", "critical"])
def test_a_quality_beyond_the_loss_is_refused_with_the_limit(coupling: str) -> None:
    with pytest.raises(PhotonicsError, match=r"not reached with loss_db_per_cm = 10: .* below [\d.]+e?\+?\d*") as found:
        ring(quality_factor=1e6, coupling=coupling, **LOSSY).amplitudes(WAVELENGTH_M)
    limit = float(str(found.value).split("below ")[1].split(";")[0])
    assert max(ring(quality_factor=0.999 * limit, coupling=coupling, **LOSSY).amplitudes(WAVELENGTH_M)) < 1
    with pytest.raises(PhotonicsError, match="not reached"):
        ring(quality_factor=1.001 * limit, coupling=coupling, **LOSSY).amplitudes(WAVELENGTH_M)


def test_a_resonance_wider_than_the_spectral_range_is_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"wider than the free spectral range .* raise it beyond 85.13"):
        ring(quality_factor=50.0).amplitudes(WAVELENGTH_M)


@pytest.mark.parametrize("rings", [1, 2, 3, 7, 8])
def test_a_bus_passes_ring_after_ring(rings: int, dtype: torch.dtype) -> None:
    through, drop = normal(1, 2, 5, rings).sigmoid().to(dtype), normal(2, 2, 5, rings).sigmoid().to(dtype)
    left, dropped = torch.ones(2, 5, dtype=dtype), torch.zeros(2, 5, dtype=dtype)
    for j in range(rings):
        dropped = dropped + left * drop[..., j]
        left = left * through[..., j]
    for found, expected in zip(series_bus(through, drop), (left, dropped), strict=True):
        assert_close(found, expected)
    end, taken = series_bus(through, 1 - through)
    assert_close(end + taken, torch.ones_like(end), "law")


def test_a_bus_with_a_dark_ring_has_a_gradient() -> None:
    through = torch.tensor([0.5, 0.0, 0.3, 0.0, 0.7], dtype=torch.float64)
    assert_gradient(series_bus, through, normal(2, 5).sigmoid())


def test_a_row_is_every_ring_on_every_channel() -> None:
    card = ring(**LOSSY)
    light, detuning = wavelengths(4), 2e-10 * normal(3, 2, 4)
    amplitudes = card.amplitudes(WAVELENGTH_M)
    for row in range(2):
        for k in range(4):
            left, dropped = 1.0, 0.0
            for j in range(4):
                resonance = float(light[j] + detuning[row, j])
                phase = 2 * math.pi * card.group_index * card.circumference_m * (1 / float(light[k]) - 1 / resonance)
                t, d = (float(p) for p in ring_powers(torch.tensor(phase, dtype=torch.float64), *amplitudes))
                left, dropped = left * t, dropped + left * d
            through, drop = (p[row, k][None] for p in ring_row(detuning, light, card, WAVELENGTH_M))
            assert_close(through, torch.full_like(through, left), "law")
            assert_close(drop, torch.full_like(drop, dropped), "law")


def test_a_lossless_row_keeps_all_light_and_far_rings_do_not_meet(dtype: torch.dtype) -> None:
    detuning = (1e-10 * normal(3, 5)).to(dtype)
    through, drop = ring_row(detuning, wavelengths(5), ring(), WAVELENGTH_M)
    assert_close(through + drop, torch.ones_like(drop), "law")
    card = ring(quality_factor=1e6)
    alone = ring_powers(detuning_phase(detuning, card, wavelengths(5).to(dtype)), *card.amplitudes(WAVELENGTH_M))[1]
    crosstalk = (ring_row(detuning, wavelengths(5), card, WAVELENGTH_M)[1] - alone).abs().max()
    assert 0 < float(crosstalk) < 1e-4


@pytest.mark.parametrize("fields", [{}, LOSSY, {"coupling": "critical"} | LOSSY])
def test_programming_is_the_inverse(fields: dict[str, Any], dtype: torch.dtype) -> None:
    card = ring(**fields)
    amplitudes = card.amplitudes(WAVELENGTH_M)
    low, high = weight_range(*amplitudes)
    assert -1 < low < -0.9
    assert 0.4 < high <= 1
    weight = torch.linspace(low, high, 101, dtype=dtype)
    detuning = program_ring(weight, card, WAVELENGTH_M)
    assert_close(ring_weight(detuning_phase(detuning, card, WAVELENGTH_M), *amplitudes), weight)
    assert float(detuning.max()) <= 0
    assert (detuning.diff() > 0).all(), "heat raises the weight"


def test_programming_has_the_inverse_slope_and_a_finite_one_at_the_ends() -> None:
    card = ring(**LOSSY)
    low, high = weight_range(*card.amplitudes(WAVELENGTH_M))
    inner = torch.linspace(low + 0.01, high - 0.01, 7, dtype=torch.float64)
    assert_gradient(lambda weight: 1e9 * program_ring(weight, card, WAVELENGTH_M), inner)
    ends = torch.tensor([low, high], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(program_ring(ends, card, WAVELENGTH_M).sum(), ends)
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("weight", [1.01, -1.0, math.nan])
def test_a_weight_out_of_reach_names_the_range(weight: float) -> None:
    with pytest.raises(PhotonicsError, match=r"weight of a ring .* reaches -0\.9\d+ to 0\.\d+; asked for .* scale"):
        program_ring(torch.tensor([0.0, weight]), ring(**LOSSY), WAVELENGTH_M)


def test_heaters_shift_by_their_tuning_and_warm_their_neighbours() -> None:
    card = ring({"crosstalk": 0.1})
    one = torch.tensor([0.0, 0.0, 2e-3, 0.0, 0.0], dtype=torch.float64)
    shift = ring_detuning(one, card) + 0.5e-9
    assert_close(shift, 0.5e-9 * torch.tensor([0.01, 0.1, 1, 0.1, 0.01], dtype=torch.float64), "law")


@pytest.mark.parametrize("crosstalk", [0.0, 0.3])
def test_heater_powers_bring_the_rings_where_they_are_wanted(crosstalk: float, dtype: torch.dtype) -> None:
    card = ring({"crosstalk": crosstalk})
    detuning = (4e-11 * (normal(1, 3, 6) - 1)).to(dtype)  # three chips
    error = (1e-11 * normal(2, 3, 6)).to(dtype)
    power = heater_power(detuning, card, error)
    assert_close(ring_detuning(power, card, error), detuning, "law")
    if not crosstalk:
        assert_close(power, (detuning - error + 0.5e-9) / 0.25e-6, "law")


def test_a_detuning_out_of_reach_names_the_power() -> None:
    with pytest.raises(PhotonicsError, match=r"power of a heater reaches 0 to 4 mW; asked for 2 to 6 mW"):
        heater_power(torch.tensor([0.0, 1e-9]), ring())
    assert float(heater_power(torch.tensor([1e-9]), ring(), check=False)) == pytest.approx(6e-3)


def test_heaters_stay_in_their_range_and_on_their_levels() -> None:
    card = ring({"power_bits": 3})
    power = torch.linspace(0, 4e-3, 200, dtype=torch.float64, requires_grad=True)
    detuning = ring_detuning(power, card)
    (slope,) = torch.autograd.grad(detuning.sum(), power)
    assert_close(slope, torch.full_like(slope, 0.25e-6), "law")
    assert len(detuning.unique()) == 8
    exact = ring_detuning(power.detach(), ring())
    assert float((detuning.detach() - exact).abs().max()) <= 0.5 * 0.25e-6 * 4e-3 / 7 * (1 + 1e-9)
    beyond = ring_detuning(torch.tensor([-1.0, 1.0], dtype=torch.float64), ring())
    assert_close(beyond, torch.tensor([-0.5e-9, 0.5e-9], dtype=torch.float64), "law")


def test_a_heater_that_cannot_reach_the_channel_is_refused() -> None:
    with pytest.raises(ValueError, match=r"max_power_mw = 1 shifts the resonance by 0\.25 nm, which does not reach"):
        ring({"max_power_mw": 1.0})


def test_the_gradient_passes_every_number_of_a_ring() -> None:
    phase = torch.tensor([0.0, 0.3, -2.0, math.pi], dtype=torch.float64)
    amplitudes = [torch.tensor(value, dtype=torch.float64) for value in (0.8, 0.7, 0.9)]
    assert_gradient(ring_fields, phase, *amplitudes)
    assert_gradient(ring_powers, phase, *amplitudes)


def test_the_gradient_passes_detunings_errors_and_wavelengths_of_a_row() -> None:
    card = ring({"crosstalk": 0.1}, **LOSSY)

    def row(power_mw: Tensor, error_nm: Tensor, light_nm: Tensor) -> tuple[Tensor, Tensor]:
        detuning = ring_detuning(1e-3 * power_mw, card, 1e-9 * error_nm)
        return ring_row(detuning, 1e-9 * light_nm, card, WAVELENGTH_M)

    power = torch.tensor([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]], dtype=torch.float64)
    assert_gradient(row, power, 0.01 * normal(1, 2, 3), 1e9 * wavelengths(3), rtol=1e-4)
    on_resonance = torch.zeros(2, dtype=torch.float64)
    assert_gradient(lambda d: ring_row(1e-9 * d, wavelengths(2), ring(), WAVELENGTH_M), on_resonance)


def test_function_transforms_agree() -> None:
    card = ring({"crosstalk": 0.1, "power_bits": 0}, **LOSSY)

    def weights(wanted: Tensor) -> Tensor:
        power = heater_power(program_ring(wanted, card, WAVELENGTH_M), card)
        through, drop = ring_row(ring_detuning(power, card), wavelengths(4), card, WAVELENGTH_M)
        return drop - through

    wanted = 0.3 * normal(1, 3, 4)
    assert_close(jacfwd(weights)(wanted[0]), jacrev(weights)(wanted[0]), "law")
    assert_close(jacfwd(jacfwd(weights))(wanted[0]), jacrev(jacrev(weights))(wanted[0]), "law")
    assert_close(vmap(weights)(wanted), weights(wanted), "law")


def test_single_precision_is_enough_for_a_row_of_sharp_rings() -> None:
    card = ring(quality_factor=5e4)
    detuning = 3e-11 * normal(3, 32)
    exact = ring_row(detuning, wavelengths(32, 0.25), card, WAVELENGTH_M)[1]
    single = ring_row(detuning.float(), wavelengths(32, 0.25), card, WAVELENGTH_M)[1]
    error = float((single.double() - exact).abs().max())
    assert error <= tolerance("law", torch.float32)
