"""Light that crosses the same data again and again: conformance, its equation and degree, its power, its costs."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import mean, stdev
from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_devices import MultiPassProcessor, StructuralEncoder
from photonics_sim import PhotonicsError, load_card, load_device
from photonics_sim.device import Device, normal
from photonics_sim.optics import apply_jones, beam_splitter, propagate
from photonics_sim.signals import homodyne
from photonics_sim.testing import DeviceConformance, assert_close, assert_passive

SMALL: dict[str, Any] = {
    "inputs": 6, "classes": 3, "pixels": 14, "passes": 3, "region_px": 2, "spacing_mm": 1.5, "encoder.dac_bits": 0,
    "mask.phase_bits": 0,
}  # fmt: skip
PHASE: dict[str, Any] = {"encoder.kind": "phase", "encoder.extinction_db": 0.0, "encoder.drive_rad": 0.5}
ALONE: dict[str, Any] = {"loop.coupling": 0.0, "loop.fresh_share": 0.0}


def build(**fields: Any) -> MultiPassProcessor:
    device = load_device("multipass-visible", seed=3, **(SMALL | fields))
    assert isinstance(device, MultiPassProcessor)
    return device


def nominal(**fields: Any) -> MultiPassProcessor:
    """Double precision, random masks, nothing to train."""
    device = build(**fields).double().requires_grad_(False)
    device.masks.phases.copy_(math.pi * normal(5, *device.masks.phases.shape))
    return device


def inputs(*batch: int) -> Tensor:
    return normal(7, *batch, 6)


class TestMultiPassLinear(DeviceConformance):
    def build(self) -> Device:
        return build(passes=2)


class TestMultiPassPhase(DeviceConformance):
    def build(self) -> Device:
        return build(**PHASE, **ALONE, passes=2)


def difference(values: Tensor, order: int) -> float:
    """A difference of this order along the first axis, of what it could be at most."""
    scale = float(values.abs().max()) * math.comb(order, order // 2)
    return float(values.diff(n=order, dim=0).abs().max()) / scale


@pytest.mark.parametrize("passes", [1, 2, 3, 5])
@pytest.mark.parametrize("extinction_db", [0.0, 10.0])
def test_the_degree_is_the_number_of_passes(passes: int, extinction_db: float) -> None:
    """Along a line of data one difference more than the degree is zero, of the field and of what is read of it."""
    fresh = {"loop.fresh_share": 0.15} if passes > 1 else ALONE
    device = nominal(passes=passes, **fresh, **{"encoder.extinction_db": extinction_db})
    line = 0.25 * torch.arange(passes + 2, dtype=torch.float64)[:, None] * inputs(1) + 0.1 * normal(9, 6)
    assert float((0.25 * line + 0.25).abs().max()) < 1
    assert device.crossings == passes
    for found in (device.arriving(line, None)[0], device(line)):
        assert difference(found, passes) > 1e-7
        assert difference(found, passes + 1) < 1e-13


def test_fresh_light_brings_the_lower_degrees() -> None:
    """In a loop alone an input that is scaled scales the field by a power; fresh light adds terms of fewer passes."""
    dark = {"encoder.bias_rad": 0.0, "encoder.extinction_db": 0.0, "data_share": 1.0, "inputs": 49}
    x = 0.3 * normal(7, 2, 49)
    loop, fresh = nominal(**dark, **ALONE), nominal(**dark)
    assert_close(loop.response(2 * x), 8 * loop.response(x), "law")
    assert float((fresh.response(2 * x) - 8 * fresh.response(x)).abs().max()) > float(fresh.response(x).abs().max())


def test_it_is_what_the_equation_says() -> None:
    device, x = nominal(**{"detector.shot_noise": False}), inputs(4)
    card, loop = device.card, device.card.loop
    panel = math.sqrt(1 - card.oscillator_share) * device.lit(x)[0].expand(4, 14, 14)
    leak = 10**-1.5
    data = 10 ** (-card.encoder.loss_db / 20) * (math.sqrt(1 - leak**2) * (0.25 * x + 0.25).clamp(-1, 1) + 1j * leak)
    D = device.spread(data - 1) + 1
    kept = 10 ** (-loop.loss_db / 20) * math.sqrt(1 - loop.coupling)
    light: Tensor | None = None
    for phase in device.masks.phases:
        if light is None:
            light = math.sqrt(1 - 2 * loop.fresh_share) * panel
        else:
            light = kept * light + 1j * math.sqrt(loop.coupling * loop.fresh_share) * panel
        mask = 10 ** (-card.mask.loss_db / 20) * card.mask.fill_factor * torch.exp(1j * phase)
        light = propagate(
            light * D * mask, pitch=8e-6, wavelength=532e-9, distance=1.5e-3, method="angular-spectrum"
        )  # fmt: skip
    assert light is not None
    assert_close(device.arriving(x, None)[0], light, "rounding")
    overlap = torch.stack([(light * square).sum((-1, -2)) / 2 for square in device.regions], -1)
    assert_close(device.response(x), overlap, "rounding")
    power = torch.stack([(light.abs().square() * square).sum((-1, -2)) for square in device.regions], -1)
    read = homodyne(0.1 * overlap, 0.01 * power, 0.01 * card.oscillator_share / 3, card.detector)
    assert_close(device(x), read / 0.01 * device.log_gain.exp(), "rounding")


@pytest.mark.parametrize("kind", [PHASE, {"encoder.bias_rad": 0.3, "encoder.extinction_db": 20.0}])
def test_a_loop_without_loss_or_fresh_light_is_a_structural_encoder(kind: dict[str, Any]) -> None:
    device = nominal(**ALONE, **kind, **{"loop.loss_db": 0.0})
    fields = {key: value for key, value in SMALL.items() if key != "passes"}
    card = {f"encoder.{key}": value for key, value in device.card.encoder.model_dump().items() if key != "source"}
    structural = load_device("structural-visible", writes=3, **(fields | card))
    assert isinstance(structural, StructuralEncoder)
    structural = structural.double().requires_grad_(False)
    structural.masks.phases.copy_(device.masks.phases)
    found, expected = (one.arriving(inputs(3), None) for one in (device, structural))
    assert_close(found, math.sqrt(1 - device.card.oscillator_share) * expected, "rounding")


def test_the_splitter_is_unitary() -> None:
    """What goes on is the port of a beam splitter; with the other port, the power is what came in."""
    device = nominal(**{"loop.loss_db": 0.0})
    arriving, panel = torch.complex(normal(1, 14, 14), normal(2, 14, 14)), device.lit(inputs(1))[0, 0]
    fresh = math.sqrt((1 - device.card.oscillator_share) * device.card.loop.fresh_share) * panel
    ports = apply_jones(torch.stack([arriving, fresh]), beam_splitter(device.card.loop.coupling))
    assert_close(device.meeting(arriving, panel), ports[0], "rounding")
    assert_close(ports.abs().square().sum()[None], (arriving.abs().square() + fresh.abs().square()).sum()[None], "law")


@pytest.mark.parametrize("fields", [ALONE, {"loop.coupling": 0.4, "loop.fresh_share": 0.3}])
def test_light_is_neither_made_nor_lost(fields: dict[str, Any]) -> None:
    """Over no distance nothing leaves the window: what leaves and what the splitter took out are the laser's."""
    lossless = {"loop.loss_db": 0.0, "encoder.loss_db": 0.0, "mask.loss_db": 0.0, "mask.fill_factor": 1.0}
    device, x = nominal(**PHASE, **fields, **lossless, spacing_mm=1e-12), inputs(3)
    entering, leaving = device.power(x)
    card, loop = device.card, device.card.loop
    (D, *_), panel = device.written(x, None), device.lit(x)[0]
    light, taken = card.first_field * panel, torch.zeros(3, dtype=torch.float64)
    for mask in device.masks.transmissions()[0][:-1]:
        fresh = math.sqrt((1 - card.oscillator_share) * loop.fresh_share) * panel.expand(3, 14, 14)
        light, out = apply_jones(torch.stack([light * D * mask, fresh], 1), beam_splitter(loop.coupling)).unbind(1)
        taken = taken + out.abs().square().sum((-1, -2)) * 0.01
    assert_close(leaving + taken, (1 - card.oscillator_share) * entering, "law")
    assert bool((taken > 1e-4).all()) == bool(loop.coupling)


def test_no_masks_make_more_light_than_the_laser_has() -> None:
    """Masks that are trained for the light that leaves, with fresh light and light of the loop in step."""
    device = build(**PHASE, **{"loop.loss_db": 0.0, "loop.coupling": 0.5, "loop.fresh_share": 0.3}).double().ideal()
    x = inputs(1)
    climb = torch.optim.Adam([device.masks.phases], lr=0.1)
    start = float(device.power(x)[1].detach())
    for _ in range(60):
        climb.zero_grad()
        device.power(x)[1].sum().neg().backward()
        climb.step()
    entering, leaving = device.power(x)
    assert float(leaving.detach()) > 1.2 * start
    assert_passive((1 - device.card.oscillator_share) * entering, leaving)


def test_a_lossy_loop_keeps_its_share_at_every_turn() -> None:
    x = inputs(3)
    powers = [nominal(**ALONE, **{"loop.loss_db": loss}).power(x)[1] for loss in (0.0, 3.0)]
    assert_close(powers[1], 10**-0.6 * powers[0], "rounding")


def test_noise_of_the_data_is_one_for_all_passes() -> None:
    device = nominal(**{"encoder.phase_noise_rad": 0.1})
    first, *others = device.written(inputs(2), 5)
    assert all(torch.equal(first, other) for other in others)
    assert not torch.equal(first, device.written(inputs(2), 6)[0])
    assert not torch.equal(first, device.written(inputs(2), None)[0])


def test_noise_is_that_of_the_budget() -> None:
    device, x = nominal(), inputs(1).repeat(1500, 1)
    link = device.costs().links[0]
    reads = device(x, key=4) - device(x)
    current = reads * 0.01 / device.log_gain.exp() * device.card.detector.responsivity_a_per_w
    assert float(current.std()) == pytest.approx(link.noise_current_a, rel=0.04)


def test_each_chip_of_an_ensemble_is_a_device_of_its_own() -> None:
    device, x = nominal(**{"mask.shift_px": 0.5, "mask.phase_error_rad": 0.2}), inputs(3)
    chips, one = (device.as_built(4, chips=many).requires_grad_(False) for many in (2, None))
    responses = chips.response(x)
    for chip in range(2):
        for name, error in chips.masks.errors.items():
            setattr(one.masks, name, error[chip])
        assert_close(one(x), chips(x)[chip], "rounding")
        assert_close(one.response(x), responses[chip], "rounding")
    assert float((responses[0] - device.response(x)).abs().max()) > 1e-2 * float(responses.abs().max())


def test_ideal_is_without_loss_leak_and_noise() -> None:
    ideal = nominal().ideal()
    assert (ideal.card.loop.loss_db, ideal.card.encoder.leak, ideal.card.encoder.loss_db) == (0.0, 0.0, 0.0)
    assert ideal.card.loop.coupling == nominal().card.loop.coupling
    assert torch.equal(ideal(inputs(2), key=1), ideal(inputs(2)))


def test_data_are_written_once_and_light_takes_its_turns() -> None:
    costs = load_device("multipass-visible").costs()
    assert costs.energy_j["data panel"] == pytest.approx(784 * 3.6e-12)
    assert costs.energy_j["detector converters"] == pytest.approx(2 * 10 * 1.48e-12)
    assert costs.latency_s["light"] == pytest.approx(3 * 0.6 / 299792458)
    losses = costs.links[0].losses_db
    assert losses["data panel"] == pytest.approx(3 * 0.97)
    assert losses["loop"] == pytest.approx(2 * 1.5)
    assert losses["splitter"] == pytest.approx(-20 * math.log10(0.7))


@pytest.mark.parametrize("fields", [{}, {"passes": 16, "loop.fresh_share": 0.04}, {"loop.coupling": 1 - 1e-6}])
def test_losses_are_those_of_all_light(fields: dict[str, Any]) -> None:
    """In the mean over masks. Fresh light does not go all the way, which is nearly 60 dB of 16 passes."""
    device = nominal(**PHASE, spacing_mm=1e-12, **fields)
    losses = dict(device.costs().links[0].losses_db)
    assert losses.pop("not in this oscillator's mode") > 0
    shares = []
    for key in range(30):
        device.masks.phases.copy_(math.pi * normal(key, *device.masks.phases.shape))
        entering, leaving = device.power(inputs(1))
        shares.append(float(leaving / entering))
    scatter = stdev(shares) / math.sqrt(30)
    assert 10 ** (-sum(losses.values()) / 10) == pytest.approx(mean(shares), abs=3 * scatter)
    assert scatter < 0.1 * mean(shares)


def test_light_that_stays_in_the_loop_loses_nothing_at_a_splitter() -> None:
    losses = nominal(**ALONE).costs().links[0].losses_db
    assert str(losses["splitter"]) == "0.0"
    assert "fresh light that joins" not in losses


def test_each_pass_costs_signal() -> None:
    found = [nominal(passes=passes, **ALONE).costs().signal_to_noise_db for passes in (1, 2, 3, 4)]
    assert all(before - after > 3 for before, after in pairwise(found))


def test_planes_and_the_view_from_the_side_show_every_pass() -> None:
    device, x = nominal(), inputs(1)[0]
    planes, view = device.planes(x, 0), device.side_view(x, 0)
    names = [f"{what} pass {number}" for number in (1, 2, 3) for what in ("light on", "phase of")]
    assert list(planes) == [*names, "light at the detectors"]
    assert view is not None
    assert [label for _, label in view.marks] == ["pass 1", "pass 2", "pass 3", "detectors"]
    light = planes["light at the detectors"].abs().square().sum(-2)
    assert_close(torch.from_numpy(view.power[-1]), light, "rounding")
    assert_close(light.sum() * 0.01, device.power(x)[1], "rounding")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"loop.fresh_share": 0.5}, r"fresh_share = 0.5: 2 later passes leave no light for the first; take less than"),
        ({"loop.coupling": 0.0}, r"fresh_share = 0.2 of the light meets no splitter; set loop.coupling above 0"),
        ({"loop.length_mm": 1.0}, r"length_mm = 1: the path of a pass holds spacing_mm = 1.5"),
        ({"source_extent.angular_radius_mrad": 1.0}, r"light of many modes has no phase against a local oscillator"),
        ({"mask.defocus_um": 300.0}, r"masks 1.5 mm apart would change places"),
        ({"oscillator_share": 0.0}, r"oscillator_share"),
        ({"encoder.kind": "phase"}, r"extinction_db = 30: a modulator of kind phase makes nothing dark"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(PhotonicsError, match=match):
        load_card("multipass-visible", SMALL | fields)


def test_single_precision_does_not_lose_the_signal_in_the_oscillator() -> None:
    device, x = nominal(oscillator_share=0.9), inputs(3)
    expected = device(x).float()
    assert_close(device.float()(x.float()), expected, "law")
