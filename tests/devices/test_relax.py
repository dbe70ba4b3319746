"""ReLaX processors: the laws of devices, their time and energy by hand, and weights that age."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from photonics_devices import ReLaXCrossbar, ReLaXMesh
from photonics_sim import PhotonicsError, ReLaXNet, load_card, load_device
from photonics_sim.analysis import check_universality
from photonics_sim.device import Ages, Device, Responds, Scheduled, build_device, normal
from photonics_sim.errors import PhotonicsWarning, WornOutError
from photonics_sim.testing import DeviceConformance, assert_close

SMALL = {"inputs": 5, "outputs": 3, "width": 6}
EXACT = {"relax-mzi-thermo-optic": {"shifter.dac_bits": 0}, "relax-mrr": {"ring.heater.power_bits": 0}}
EXACT |= {"relax-pcm": {"cell.levels": 0}, "relax-slm": {"cell.bits": 0}}


def small(name: str, **changes: Any) -> Any:
    return load_device(name, **{**SMALL, **EXACT[name], **changes})


class TestMesh(DeviceConformance):
    def build(self) -> Device:
        return small("relax-mzi-thermo-optic", **{"schedule.layers": 5, "network.inject": "every"})


class TestRings(DeviceConformance):
    def build(self) -> Device:
        return small("relax-mrr", **{"network.nonlinearity": "saturating", "compensation.by": "output"})


class TestCrossbar(DeviceConformance):
    def build(self) -> Device:
        return small("relax-pcm", **{"schedule.weight_sets": 3, "schedule.order": "palindrome"})


class TestElectronicCells(DeviceConformance):
    def build(self) -> Device:
        return small("relax-pcm", **{"cell.cell": "joshi"})


class TestPanel(DeviceConformance):
    def build(self) -> Device:
        return small("relax-slm", inputs=8, **{"network.inject": "sequence"})


@pytest.mark.parametrize("name", EXACT)
def test_costs_are_those_of_reuse_and_the_projections(name: str) -> None:
    device = small(name)
    assert isinstance(device, Ages)
    assert isinstance(device, Scheduled)
    costs, reuse = device.costs(), device.alternatives()[0]
    assert costs.total_latency_s == pytest.approx(reuse.latency_s)
    assert costs.total_energy_j == pytest.approx(reuse.energy_j)
    assert device.timelines()[0].duration_s == pytest.approx(reuse.latency_s - costs.latency_s["projections"])


@pytest.mark.parametrize("inject", ["once", "every", "sequence"])
@pytest.mark.parametrize("name", EXACT)
def test_the_response_is_what_the_readout_combines(name: str, inject: str) -> None:
    device = small(name, inputs=8, **{"network.inject": inject}).double()
    assert isinstance(device, Responds)
    assert (device.encoder, device.readout, device.crossings) == ("dense", "coherent", None)
    x = normal(1, 2, 3, 8)
    state, readout = device.response(x), device.network.readout
    assert not state.is_complex()
    assert_close(state @ readout.weight.T + readout.bias, device(x), "rounding")
    assert_close(device.response(x[1, 2]), state[1, 2], "rounding")
    chips = device.as_built(3, chips=2)
    assert_close(chips.response(x) @ readout.weight.T + readout.bias, chips(x), "rounding")


def test_the_state_of_a_recurrent_net_by_hand() -> None:
    """A network may be given the drive itself: its input weights are a matrix like any other."""
    net = ReLaXNet(4, 4, 2, weight_sets=1, layers=2, residual=0.5, seed=1).double().requires_grad_(False)
    net.input.weight.copy_(torch.eye(4))
    W, x = net.banks.matrices()[0], normal(1, 3, 4)
    first = 0.5 * x + (x @ W.T).tanh()
    assert_close(net.hidden(x), 0.5 * first + (first @ W.T).tanh(), "rounding")


def test_a_dense_encoder_makes_it_universal() -> None:
    report = check_universality(small("relax-mrr"), 2)
    assert (report.verdict, report.encoder, report.readout) == ("nondegenerate", "dense", "coherent")
    assert report.smooth, "nested forward mode passes all layers"


def test_latency_by_hand() -> None:
    card = load_card("relax-mzi-thermo-optic")
    device = load_device("relax-mzi-thermo-optic")
    assert isinstance(device, ReLaXMesh)
    path = 20e-3 + 2 * 32 * 300e-6 * 4.2  # to and from the chip, and through two meshes of 32 columns
    product = 1 / 12.5e9 + path / 299792458 + 1 / 100e6 + 0.1e-9
    switch = 1e-9 + 3 * 0.01e-9
    assert device.times.product_s == pytest.approx(product)
    assert device.times.switch_s == pytest.approx(switch)
    assert device.times.update_s == pytest.approx(10e-6)
    assert device.costs().total_latency_s == pytest.approx(4 * (product + switch) + 20e-9)
    assert card.schedule.schedule().banks == (0, 1, 0, 1)


def test_writing_a_crossbar_takes_row_after_row() -> None:
    device = load_device("relax-pcm", width=32)
    assert isinstance(device, ReLaXCrossbar)
    assert device.banks.cells == 2 * 32 * 32
    assert device.times.update_s == pytest.approx(2048 / 64 * 100e-6)
    worn = device.alternatives()[1]
    assert worn.endurance_h == pytest.approx(5e5 / 4 * worn.latency_s / 3600)


def test_the_ledger_by_hand() -> None:
    device = small("relax-pcm")
    written_s, now = 2 * 2 * 100e-6, device.clock.now_s  # two banks of 72 cells, 64 at a time
    assert now == pytest.approx(written_s)  # the banks were written before anybody looked
    device.write()
    device.spend(1000)
    device.wait(3600.0)
    costs, ledger = device.costs(), device.ledger
    assert ledger.writes == 1
    assert ledger.passes == 1000
    assert ledger.switch_events == 4000
    assert ledger.seconds["writing"] == pytest.approx(written_s)
    assert ledger.joules["writing"] == pytest.approx(2 * 72 * 18e-9)
    assert ledger.total_seconds == pytest.approx(written_s + 1000 * costs.total_latency_s + 3600)
    assert ledger.total_joules == pytest.approx(2 * 72 * 18e-9 + 1000 * costs.total_energy_j)
    assert device.clock.now_s == pytest.approx(now + ledger.total_seconds)
    assert ledger.endurance_used == pytest.approx(1 / 5e5)


def test_heaters_burn_while_they_wait_and_while_they_are_written() -> None:
    device = small("relax-mzi-thermo-optic")
    with torch.no_grad():
        device.banks.phases.target.fill_(1.0)
    held_w = 2 * (2 * 36 * 24.77e-3 / torch.pi + 6 * 24.77e-3 / 2)  # two banks: shifters at 1 rad, attenuators at pi/2
    device.wait(10.0)
    assert device.ledger.joules["waiting"] == pytest.approx(10 * held_w)
    device.write()
    assert device.ledger.joules["writing"] == pytest.approx(2e-5 * held_w + 2 * device.banks.cells * 3.6e-12)


@pytest.mark.parametrize("by", ["global", "output"])
@pytest.mark.parametrize("name", EXACT)
def test_compensation_has_nothing_to_do_just_after_the_write(name: str, by: str) -> None:
    """Its reference is what was read once the cells had settled."""
    plain, compensated = (small(name, **{"compensation.by": which}).double() for which in ("none", by))
    assert_close(compensated.as_built(3)(normal(1, 4, 5)), plain.as_built(3)(normal(1, 4, 5)), "equal")
    for device in (plain, compensated):
        device.wait(1e-3)
    found, expected = (device.banks.matrices().detach() for device in (compensated, plain))
    assert float((found - expected).abs().max()) < 0.01 * float(expected.abs().max())


def test_compensation_amplifies_the_noise_of_detection_too() -> None:
    device = small(
        "relax-pcm", **{"cell.drift_exponent": 0.05, "cell.drift_spread": 0.0, "compensation.readout": "ideal"}
    )
    chip = device.as_built(3)
    before = chip.banks.output_rms()
    chip.wait(720 * 3600.0)
    factor = (1 + (720 * 3600 + 4e-4) / 20) ** 0.05 / (1 + 4e-4 / 20) ** 0.05
    assert_close(chip.banks.output_rms().detach(), factor * before.detach(), "law")


def test_a_pass_changes_nothing_and_age_does_not_compound() -> None:
    device, x = small("relax-pcm", **{"cell.drift_exponent": 0.05}).double(), normal(1, 4, 5)
    chip = device.as_built(3)
    at_once = chip(x)
    assert_close(chip(x), at_once, "equal")
    chip.wait(3600.0)
    later = chip(x)
    assert_close(chip(x), later, "equal")
    assert float((later - at_once).detach().abs().max()) > 0
    in_steps = device.as_built(3)
    for _ in range(4):
        in_steps.wait(900.0)
        in_steps(x)
    assert_close(in_steps(x), later)
    assert_close(device.as_built(3)(x), at_once, "equal")  # the device itself has not aged


def test_each_write_misses_its_target_anew() -> None:
    chip, x = small("relax-pcm").double().as_built(3), normal(1, 4, 5)
    first = chip(x)
    chip.write()
    assert float((chip(x) - first).detach().abs().max()) > 1e-6


def test_history_goes_on_where_it_stopped() -> None:
    device, x = small("relax-pcm").double(), normal(1, 4, 5)
    chip = device.as_built(3)
    chip.write()
    chip.spend(10)
    chip.wait(50.0)
    twin = device.as_built(3)
    twin.restore(chip.history())
    assert_close(twin(x), chip(x), "equal")
    assert twin.history() == chip.history()


def test_cells_wear_out() -> None:
    device = small("relax-pcm", **{"write.endurance_cycles": 3.0})
    for _ in range(3):
        device.write()
    before = device.clock.now_s
    with pytest.raises(WornOutError, match="worn out: each has been written 3 times"):
        device.write()
    assert device.clock.now_s == before


@pytest.mark.parametrize("name", EXACT)
def test_the_ideal_device_is_the_ideal_network(name: str) -> None:
    """No noise, no loss, no drift; rings still see their neighbours' channels."""
    device, x = small(name).double(), normal(1, 20, 5)
    ideal = device.ideal()
    assert_close(ideal(x, key=1), ideal(x), "equal")
    ideal.wait(1e6)
    alone = ReLaXNet(5, 6, 3, weight_sets=2, layers=4, seed=0).double()
    gap = float((device.ideal()(x) - alone(x)).detach().abs().max()) / float(alone(x).detach().abs().max())
    assert gap < (0.3 if name == "relax-mrr" else 1e-3)
    later = ideal(x)
    fresh = device.ideal()(x)  # heaters and crystals settle for ever, a little
    assert float((later - fresh).detach().abs().max()) < 1e-3 * float(fresh.detach().abs().max())
    limit = {"relax-mrr": 0.3}.get(name, 0.05)
    assert float((device(x) - ideal(x)).detach().abs().max()) < limit * float(ideal(x).detach().abs().max())


def test_a_switch_slower_than_a_write_is_warned_of() -> None:
    with pytest.warns(PhotonicsWarning, match="10 us.*1 us.*reuse cannot pay"):
        small("relax-mrr", **{"switch.rise_time_ns": 1e4})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule.weight_sets": 5}, "weight_sets = 5, layers = 4"),
        ({"schedule.order": "0-1-2-0"}, r"order\[2\] = 2 names a bank that does not exist"),
        ({"schedule.order": "cylic"}, "did you mean cyclic"),
        ({"write.time_us": 0.0}, "time_us"),
        ({"switch.rise_time_ns": -1.0}, "rise_time_ns"),
        ({"electronics.state_time_ns": 0.0}, "state_time_ns"),
        ({"network.inject": "sequence", "inputs": 7}, "does not divide inputs = 7"),
        ({"detector.saturation_ua": 5.0}, "not modelled here"),
    ],
)
def test_refusals(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        small("relax-pcm", **changes)


@pytest.mark.parametrize(
    ("name", "update_s"),
    [("relax-mzi-thermo-optic", (1e-6, 1e-4)), ("relax-mrr", (1e-7, 1e-6)), ("relax-slm", (1e-3, 1.0))],
)
def test_the_cards_are_those_of_the_papers_table(name: str, update_s: tuple[float, float]) -> None:
    """T_upd of the platforms of arXiv:2511.00044: us to tens of us, below a us, milliseconds and more."""
    times = load_device(name).times
    assert update_s[0] <= times.update_s <= update_s[1]
    assert times.reuse_pays
    assert times.switch_s < (2e-3 if name == "relax-slm" else 1e-6)


@pytest.mark.parametrize("name", EXACT)
def test_every_number_of_a_card_does_something(name: str) -> None:
    """A number that nothing reads would be a promise that nobody keeps."""
    card = load_card(name, {**SMALL, "schedule.weight_sets": 2})
    before = _fingerprint(card)
    unread = [field.path for field in card.fields() if _is_number(field.value) and not _matters(card, field, before)]
    assert set(unread) <= UNREAD[name], sorted(set(unread) - UNREAD[name])


# what only means something beside another number, and what a card has for others to read
_ALWAYS = {
    "schedule.seed",
    "switch.hold_power_mw",
    "write.endurance_cycles",
    "detector.saturation_ua",
    "detector.adc_bits",
}
_OFF = {"write.parallel_cells", "write.hold_power_uw", "detector.dark_current_na"}
UNREAD = {
    "relax-mzi-thermo-optic": _ALWAYS
    | _OFF
    | {f"mesh.{name}" for name in ("mode_pitch_um", "correlated_share", "correlation_length_um")}
    | {f"mesh.splitter.{name}" for name in ("coupling_slope_per_nm", "return_loss_db")}
    | {"mesh.design_wavelength_nm", "laser.wavelength_nm"}  # together: how splitters depend on it, which is 0
    | {f"shifter.{name}" for name in ("resistance_ohm", "dac_energy_pj", "switching_energy_pj", "crosstalk_pitch_um")}
    | {f"shifter.{name}" for name in ("crosstalk", "crosstalk_decay_um", "pi_voltage_v", "levels", "response_time_us")},
    "relax-mrr": _ALWAYS | _OFF,
    "relax-pcm": _ALWAYS | _OFF | {"laser.wavelength_nm"},
    "relax-slm": _ALWAYS | _OFF | {"laser.wavelength_nm", "cell.fall_time_ms", "write.energy_pj"},
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matters(card: Any, field: Any, before: list[float]) -> bool:
    value = field.value
    for changed in (value * 2, value + 1, value / 2):
        kept = int(changed) if isinstance(value, int) else float(changed)
        try:
            if kept != value and _fingerprint(card.override({field.path: kept})) != before:
                return True
        except PhotonicsError:
            continue
    return False


def _fingerprint(card: Any) -> list[float]:
    """Outputs of a chip now and later, costs, alternatives."""
    if card.inputs != 5 or card.outputs != 3:
        return []
    device: Any = build_device(card)
    x = normal(1, 2, 5).float()
    chip = device.as_built(1)
    found = [device(x, key=1), chip(x)]
    chip.wait(1e5)
    found.append(chip(x))
    chip.write()
    numbers = [float(v) for y in found for v in y.detach().flatten()]
    costs = device.costs()
    ways = [(way.latency_s, way.energy_j) for way in device.alternatives()]
    spent = [*chip.ledger.seconds.values(), *chip.ledger.joules.values(), chip.ledger.endurance_used]
    link = costs.links[0]
    return [*numbers, costs.total_latency_s, costs.total_energy_j, *sum(ways, ()), *spent, link.noise_current_a]


def test_rings_need_room_between_their_resonances() -> None:
    with pytest.raises(PhotonicsError, match="width = 200 channels"):
        load_card("relax-mrr", {"width": 200})


def test_noise_of_a_reading_is_what_the_link_says() -> None:
    device = small("relax-mrr").double()
    noise = device.banks.noise
    link = device.costs().links[0]
    assert noise == pytest.approx(link.noise_current_a / (4 * link.signal_current_a))
    quiet = small("relax-mrr", **{"detector.shot_noise": False, "detector.thermal_noise": False}).double()
    x = normal(1, 4, 5)
    assert_close(quiet(x, key=1), quiet(x), "equal")
    assert not torch.equal(device(x, key=1), device(x))
