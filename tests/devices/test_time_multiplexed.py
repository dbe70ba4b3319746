"""The time-multiplexed chip: conformance, its sum written out, settling, noise of integration, costs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from photonics_devices import TimeMultiplexedProcessor
from photonics_devices.time_multiplexed._time_multiplexed import scale_ladder
from photonics_sim import PhotonicsError, check_universality, load_card, load_device
from photonics_sim.device import Device, Metered, Responds, Scheduled, derive_key, normal
from photonics_sim.mesh import mesh_matrix
from photonics_sim.plots import plot_timeline
from photonics_sim.testing import DeviceConformance, assert_close

TWO_BANKS: dict[str, Any] = {"schedule.weight_sets": 2, "schedule.order": "0-1-1-0-1"}
SLOW: dict[str, Any] = {"modulator.bandwidth_mhz": 0.13, "bin_ns": 4000.0, "guard_ns": 1500.0}


def build(name: str = "time-multiplexed-electro-optic", **fields: Any) -> TimeMultiplexedProcessor:
    small = {"inputs": 5, "outputs": 3, "columns": 3, "schedule.layers": 5, "shifter.dac_bits": 0}
    device = load_device(name, seed=2, **(small | fields))
    assert isinstance(device, TimeMultiplexedProcessor)
    return device


class TestElectroOptic(DeviceConformance):
    def build(self) -> Device:
        return build()


class TestThermoOpticWithEverything(DeviceConformance):
    """Modulators that lag, two banks behind a switch, trained mixers, errors and noise."""

    def build(self) -> Device:
        return build(
            "time-multiplexed-thermo-optic",
            **TWO_BANKS,
            **{
                "train_mixers": True,
                "columns": 0,
                "modes": 3,
                "mesh.topology": "clements",
                "mesh.splitter.coupling": 0.47,
                "shifter.crosstalk": 0.01,
                "shifter.crosstalk_decay_um": 100.0,
                "shifter.phase_error_rad": 0.05,
                "modulator.phase_noise_rad": 0.02,
                "gate_samples": 2,
            },
        )


class TestItsFabricatedChip(DeviceConformance):
    def build(self) -> Device:
        return build().as_built(3)


def powers(device: TimeMultiplexedProcessor, phases: Tensor, bank: int) -> Tensor:
    """Power on the first waveguide for phases `(b, inputs)`, from the mixers by plain operations; no losses."""
    card = device.card
    width, per_column = card.waveguides, card.inputs_per_column
    U = [mesh_matrix(device.topology, mixer, method="plain") for mixer in device.mixers[bank]]
    field = torch.full((len(phases), width), 1 / math.sqrt(width), dtype=torch.complex128)
    for column, mixer in enumerate(U[:-1]):
        some = phases[:, column * per_column : (column + 1) * per_column]
        bare = torch.ones(len(phases), width - some.shape[1], dtype=torch.complex128)
        field = field @ mixer.mT * torch.cat([torch.exp(1j * some), bare], 1)
    return (field @ U[-1][0]).abs().square()


def test_it_is_the_sum_of_its_docstring_over_two_banks() -> None:
    device = build(**TWO_BANKS).double().ideal()
    assert device.schedule.banks == (0, 1, 1, 0, 1)
    assert device.card.used_columns == 3  # of two inputs, two and one
    with torch.no_grad():
        device.gain.copy_(torch.tensor([1.0, 2.0, 3.0]))
        device.offset.copy_(torch.tensor([0.5, 0.0, -1.0]))
    x = normal(1, 4, 5)
    expected = device.offset.expand(4, -1)
    for j, bank in enumerate(device.schedule.banks):
        p = powers(device, device.scale[j] * x + device.bias[j], bank)
        expected = expected + device.gain * device.weight_phase[:, j].sin() * p[:, None] * 4 / 5  # P_0: 1 / waveguides
    assert_close(device(x), expected)


def test_all_light_arrives_where_nothing_is_lost() -> None:
    device = build(**TWO_BANKS).double().ideal()
    x = normal(1, 6, 5)
    entering, leaving = device.power(x)
    assert_close(leaving, entering, "law")
    plus, minus = device._on_photodiodes(x, None)
    phases = device.scale[:, None] * x + device.bias[:, None]
    read = torch.stack([powers(device, phases[j], bank) for j, bank in enumerate(device.schedule.banks)]).mean(0)
    assert_close((plus + minus).sum(-1), 0.1 * read, "law")
    assert (torch.minimum(plus, minus) > 0).all()


def test_a_single_sample_has_a_power_and_a_response() -> None:
    device, x = build().double(), normal(1, 4, 5)
    for one, many in zip(device.power(x[0]), device.power(x), strict=True):
        assert one.shape == ()
        assert_close(one, many[0])
    chips = device.as_built(5, chips=2)
    assert_close(chips.power(x[0])[1], chips.power(x)[1][:, 0])
    assert_close(device.response(x[0]), device.response(x)[0])


def test_losses_dim_the_light_and_the_reading_is_scaled_back() -> None:
    device = build(**TWO_BANKS).double()
    plus, minus = device._on_photodiodes(normal(1, 500, 5), None)
    assert 0.5 < float((plus + minus).mean().detach()) / device._pair_watts() < 2
    alone = build().double()
    assert alone._chip_watts() / device._chip_watts() == pytest.approx(10**0.1)  # one bank has no switch


def test_weights_are_signed_and_end_at_the_extinction() -> None:
    device = build(**{"weight.extinction_db": 10.0}).double()
    with torch.no_grad():
        device.weight_phase.copy_(torch.linspace(-math.pi / 2, math.pi / 2, 15).reshape(3, 5))
    weights = device.weights().detach()
    assert float(weights.min()) == pytest.approx(-9 / 11)
    assert float(weights.max()) == pytest.approx(9 / 11)
    assert build(**{"weight.extinction_db": 0.0}).card.weight.largest == 1.0


@pytest.mark.parametrize(("columns", "verdict"), [(1, "degenerate"), (3, "nondegenerate")])
def test_one_column_is_degenerate_and_one_for_each_input_is_not(columns: int, verdict: str) -> None:
    device = build(inputs=3, columns=columns, **{"schedule.layers": 1})
    assert device.crossings == columns
    assert check_universality(device, 3, order=1).verdict == verdict


def test_a_mixed_difference_of_three_inputs_vanishes_behind_one_column_alone() -> None:
    corners = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=3)), dtype=torch.float64)
    seen = []
    for columns in (1, 3):
        outputs = build(inputs=3, columns=columns).double()(corners).detach()
        seen.append(float((corners.prod(1)[:, None] * outputs).sum(0).abs().max() / outputs.abs().max()))
    assert seen[0] < 1e-12
    assert seen[1] > 1e-2


def test_inputs_are_spread_over_columns_and_waveguides_follow() -> None:
    for inputs, columns, used, waveguides in (
        (64, 16, 16, 4),
        (64, 0, 64, 4),
        (64, 1, 1, 64),
        (6, 4, 3, 4),
        (3, 9, 3, 4),
    ):
        card = load_card("time-multiplexed-electro-optic", {"inputs": inputs, "columns": columns})
        assert (card.used_columns, card.waveguides) == (used, waveguides)  # type: ignore[attr-defined]
    assert build(modes=3, inputs=7, columns=1, **{"mesh.topology": "clements"}).card.waveguides == 7


def test_scales_start_on_a_ladder_over_the_bins() -> None:
    device = build(scale_low=0.2, scale_high=3.2)
    ladder = scale_ladder(device.card)
    assert_close(ladder, torch.tensor([0.2, 0.4, 0.8, 1.6, 3.2], dtype=torch.float64))
    drawn = device.scale.detach() / ladder[:, None]
    assert 0.5 < float(drawn.square().mean().sqrt()) < 1.5
    single = build(scale_low=0.1, scale_high=0.4, **{"schedule.layers": 1})
    assert float(scale_ladder(single.card)) == pytest.approx(0.2)


def test_fast_modulators_are_those_without_a_lag() -> None:
    plain = build(**SLOW, **{"modulator.settling": False}).double()
    x = normal(1, 4, 5)
    gaps = []
    for bandwidth in (0.2, 0.4, 0.8, 1e4):
        device = build(**SLOW | {"modulator.bandwidth_mhz": bandwidth, "modulator.settling": True}).double()
        gaps.append(float((device(x) - plain(x)).detach().abs().max()))
    assert gaps[0] > gaps[1] > 10 * gaps[2]
    assert gaps[3] == 0.0


@pytest.mark.parametrize("banks", [{}, TWO_BANKS | {"switch.rise_time_ns": 900.0}])
def test_settling_is_what_following_the_drive_in_time_gives(banks: dict[str, Any]) -> None:
    """Each phase is stepped through time from bin to bin, and power summed up by Simpson's rule."""
    device = build(**SLOW, **banks, gate_samples=12).double().ideal().requires_grad_(False)
    device._take(device.card.override({"modulator.settling": True}))
    tau = 1 / (2 * math.pi * 0.13e6)
    moving = (900e-9 + 3 * 0.01e-9) if banks else 0.0
    x = normal(3, 2, 5)
    phase, angle = device.scale[0] * x + device.bias[0], device.weight_phase[:, 0]  # the first bin starts settled
    total = torch.zeros(2, 3, dtype=torch.float64)
    simpson = np.r_[1.0, np.tile([4.0, 2.0], 49), 4.0, 1.0] / 300
    for j, bank in enumerate(device.schedule.banks):
        target, end = device.scale[j] * x + device.bias[j], device.weight_phase[:, j]
        left = torch.exp(-(1.5e-6 + torch.linspace(0, 2.5e-6, 101, dtype=torch.float64)) / tau)
        seen = (target + (phase - target) * left[:, None, None]).flatten(0, 1)
        p = powers(device, seen, bank).reshape(101, 2, 1)
        w = (end + (angle - end) * left[:, None]).sin()[:, None]
        total = total + (torch.from_numpy(simpson)[:, None, None] * p * w).sum(0) / 5
        kept = math.exp(-(4e-6 + moving * device.schedule.changes[j]) / tau)
        phase, angle = target + (phase - target) * kept, end + (angle - end) * kept
    assert_close((device(x) - device.offset) / device.gain / 4, total, "gradient", "gates and time integration")


def test_noise_of_a_reading_is_that_of_two_integrals() -> None:
    device = build().double().requires_grad_(False)
    x = torch.zeros(20000, 5, dtype=torch.float64)
    found = ((device(x, key=1) - device(x)) / device.gain).std(0)
    integrator = device.card.integrator
    assert integrator.bandwidth_mhz == pytest.approx(1e3 / (2 * 5 * 0.8))
    pairs = zip(*device._on_photodiodes(x[0], None), strict=True)
    variance = [sum(integrator.noise_variance_a2(float(watts)) for watts in pair) for pair in pairs]
    assert (found * device._pair_watts() / torch.tensor(variance).sqrt() - 1).abs().max() < 0.03
    assert torch.equal(device(x[:5], key=1), device(x[:5], key=1))


def test_noise_falls_with_the_root_of_the_bins() -> None:
    x = torch.zeros(20000, 5)
    deviations = []
    for bins in (4, 16, 64):
        device = build(**{"schedule.layers": bins, "detector.shot_noise": False}).requires_grad_(False)
        deviations.append(float(((device(x, key=1) - device(x)) / device.gain).std(0).mean()))
        expected = math.sqrt(2 / (2 * bins * 0.8e-9)) * 15e-12 / device._pair_watts()
        assert deviations[-1] == pytest.approx(expected, rel=0.01)
    assert deviations[0] / deviations[2] == pytest.approx(4, rel=0.02)


def test_the_detector_is_no_faster_than_it_is() -> None:
    assert build(**{"detector.bandwidth_mhz": 1.0}).card.integrator.bandwidth_mhz == 1.0


def test_phase_noise_is_fresh_in_each_bin_and_holds_throughout_it() -> None:
    quiet = {"detector.shot_noise": False, "detector.thermal_noise": False, "modulator.phase_noise_rad": 0.1}
    x = normal(1, 6, 5)
    readings = [build(**SLOW, **quiet, gate_samples=samples).double()(x, key=4) for samples in (6, 12)]
    assert_close(*readings, "second")  # not averaged away by looking more often
    device = build(**quiet).double()
    assert (device(x, key=4) - device(x)).abs().min() > 0
    assert not torch.allclose(device(x, key=4), device(x, key=5))


def test_bits_make_steps() -> None:
    device = build(inputs=1, columns=1, **{"modulator.dac_bits": 3, "schedule.layers": 1}).double()
    x = torch.linspace(-9, 9, 500, dtype=torch.float64)[:, None]
    with torch.no_grad():
        device.scale.fill_(1.0)
        device.weight_phase.fill_(math.pi / 2)
    assert len((device(x)[:, 0] * 1e9).round().unique()) == 8
    (slope,) = torch.autograd.grad(device(x).sum(), device.scale)
    assert (slope != 0).all(), "straight through"
    field = (device.response(x)[:, 0] * 1e9).detach()
    assert len(torch.view_as_real(field).round().unique(dim=0)) == 8, "the encoding has the same steps"


def test_the_gradient_passes_every_setting() -> None:
    device = build("time-multiplexed-thermo-optic", **TWO_BANKS, train_mixers=True).double()
    device(normal(1, 8, 5)).square().sum().backward()
    for name, parameter in device.named_parameters():
        assert parameter.grad is not None, name
        # output phases of the last mixer, and of waveguides that are not read, turn nothing that is detected
        assert (parameter.grad != 0).double().mean() > 0.5, name
    assert not build().mixers.requires_grad


def test_a_chip_is_its_seed_whatever_the_ensemble() -> None:
    device = build(**TWO_BANKS, **{"shifter.phase_error_rad": 0.1}).double()
    x = normal(4, 3, 5)
    assert torch.equal(device.as_built(5)(x), device.as_built(5)(x))
    chips = device.as_built(5, chips=4)
    assert chips(x).shape == (4, 3, 3)
    assert chips.power(x)[1].shape == (4, 3)
    assert chips.response(x).shape == (4, 3, 1)
    alone = device.as_built(5)
    mixers = device.mixers.shape[0] * device.mixers.shape[1]
    alone._faults = chips._faults.map(lambda t: t[2 * mixers : 3 * mixers] if t.ndim == 2 else t)
    assert_close(chips(x)[2], alone(x))
    assert float((chips(x).std(0) / chips(x).mean(0).abs()).mean().detach()) > 1e-3
    assert not device.ideal().card.active_imperfections()


def test_errors_of_the_mixers_move_the_outputs_in_proportion() -> None:
    x = normal(1, 50, 5)
    deviations = []
    for error in (1e-4, 1e-3):
        device = build(**{"mesh.splitter.error_rad": error}).double()
        deviations.append(float((device.as_built(1)(x) - device(x)).detach().square().mean().sqrt()))
    assert math.log10(deviations[1] / deviations[0]) == pytest.approx(1, abs=0.02)


def test_time_and_energy_grow_with_the_bins() -> None:
    few, many = (build(**{"schedule.layers": bins}).requires_grad_(False).costs() for bins in (5, 20))
    assert many.latency_s["time bins"] == pytest.approx(20e-9)
    assert many.total_latency_s - few.total_latency_s == pytest.approx(15e-9)
    light = (4 * 2 * 11e-3 + 3 * 5e-3) * 2.2 / 299_792_458
    lead = math.log(1e6) / (2 * math.pi * 1e11)
    assert few.total_latency_s == pytest.approx(lead + 5e-9 + light + 0.2e-9 + 0.1e-9)
    assert many.energy_j["laser"] == pytest.approx(0.5 * many.total_latency_s)
    assert many.energy_j["modulator converters"] == pytest.approx(20 * (5 + 3) * 3.6e-12)
    assert many.energy_j["modulators"] == pytest.approx(20 * (5 + 3) * 5.0**2 / 50 * 1e-9)  # V_pi into 50 ohm
    assert many.energy_j["detector converters"] == pytest.approx(2 * 3 * 1.48e-12)
    assert "mixers" not in many.energy_j  # electro-optic shifters take no power to hold


def test_heaters_burn_and_switches_take_their_time() -> None:
    device = build("time-multiplexed-thermo-optic", **TWO_BANKS).requires_grad_(False)
    costs = device.costs()
    assert costs.latency_s["switching banks"] == pytest.approx(4 * 10e-6)
    assert costs.energy_j["switch"] == pytest.approx(4 * 0.25e-6 + 24.77e-3 * costs.total_latency_s)
    assert costs.energy_j["mixers"] == pytest.approx(device._hold_w() * costs.total_latency_s)
    assert costs.energy_j["heated modulators"] == pytest.approx(8 * 24.77e-3 * costs.total_latency_s)
    (link,) = costs.links
    assert link.losses_db["split over the outputs"] == pytest.approx(10 * math.log10(3))


def test_a_link_hears_more_with_more_bins() -> None:
    quiet = {"detector.shot_noise": False, "detector.dark_current_na": 0.0, "laser.power_mw": 1e-3}
    card = build(**quiet).card
    noise = [card.override({"schedule.layers": bins}).integrator.noise_variance_a2(0.0) for bins in (5, 500)]  # type: ignore[attr-defined]
    assert noise[0] / noise[1] == pytest.approx(100)


def test_what_happens_when_and_what_copies_would_take() -> None:
    device = build("time-multiplexed-thermo-optic", **TWO_BANKS).requires_grad_(False)
    (timeline,) = device.timelines()
    costs = device.costs()
    parts = ("settling before the first bin", "time bins", "switching banks")
    assert timeline.duration_s == pytest.approx(sum(costs.latency_s[part] for part in parts))
    assert timeline.lanes == ("bank 0", "bank 1", "switch", "modulators")
    gates = [span for span in timeline.spans if span.activity == "product"]
    assert [gate.lane for gate in gates] == [f"bank {k}" for k in device.schedule.banks]
    assert sum(gate.stop_s - gate.start_s for gate in gates) == pytest.approx(5 * 3e-6)
    assert plot_timeline([timeline])
    here, copies = device.alternatives()
    assert (here.latency_s, here.energy_j) == pytest.approx((costs.total_latency_s, costs.total_energy_j))
    assert copies.latency_s < here.latency_s / 3
    assert copies.cells == 5 / 2 * here.cells


def test_capabilities() -> None:
    device = build()
    for protocol in (Metered, Responds, Scheduled):
        assert isinstance(device, protocol)
    assert (device.encoder, device.readout) == ("diagonal", "intensity_sum")
    x = normal(derive_key(1, "x"), 2, 5).float()
    with torch.no_grad():
        device.scale.fill_(1.0)
        device.bias.zero_()
        device.weight_phase.fill_(math.pi / 2)
    ideal = device.ideal()
    read = ideal.response(x)[:, 0].abs().square() * 4 * device.gain[0]  # in all bins alike
    assert_close(ideal(x)[:, 0], read, "law")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"guard_ns": 1.0}, "guard_ns = 1 leaves nothing of bin_ns = 1 to detect light in; make bins longer"),
        ({"scale_low": 3.0}, "scale_low = 3 is above scale_high"),
        ({"switch.crosstalk_db": 30.0}, "not modelled here; set switch.crosstalk_db to 0"),
        ({"schedule.weight_sets": 20}, "lower weight_sets or raise layers"),
        ({"mesh.topology": "clement"}, "clements"),
        ({"modes": 1}, "modes"),
    ],
)
def test_cards_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        load_card("time-multiplexed-electro-optic", changes)


def test_no_chips_are_refused() -> None:
    with pytest.raises(PhotonicsError, match="at least one chip"):
        build().as_built(1, chips=0)


def test_a_chip_that_lets_no_light_through_is_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"150 columns of modulators with 151 mixers leave .* set columns lower"):
        build(inputs=150, columns=0)
    assert build(inputs=150, columns=15)
