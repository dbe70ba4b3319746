"""The mesh processor: conformance in its arrangements, its equations written out, chips, costs and settings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from photonics_devices import MeshProcessor
from photonics_sim import PhotonicsError, load_card, load_device
from photonics_sim.device import Device, Drawn, Metered, Responds, normal
from photonics_sim.files import read_tensors, write_tensors
from photonics_sim.mesh import Faults, mesh_matrix
from photonics_sim.testing import DeviceConformance, assert_close
from photonics_sim.training._state import load_weights
from photonics_sim.weights import read_settings

CONTINUOUS: dict[str, Any] = {"shifter.dac_bits": 0}


def build(name: str = "mzi-thermo-optic", **fields: Any) -> MeshProcessor:
    device = load_device(name, seed=2, **({"inputs": 5, "outputs": 3} | CONTINUOUS | fields))
    assert isinstance(device, MeshProcessor)
    return device


class TestThermoOptic(DeviceConformance):
    def build(self) -> Device:
        return build()


class TestUniversalProgrammable(DeviceConformance):
    def build(self) -> Device:
        return build("universal-programmable")


class TestItsFabricatedChip(DeviceConformance):
    """An as-built chip is a device like any other."""

    def build(self) -> Device:
        return build("universal-programmable", **{"shifter.phase_error_rad": 0.05}).as_built(3)


class TestDeepWithEverything(DeviceConformance):
    def build(self) -> Device:
        return build(
            layers=2,
            **{
                "activation.kind": "electro-optic",
                "activation.gain_ohm": 2e4,
                "encoder.kind": "amplitude",
                "encoder.phase_noise_rad": 0.02,
                "mesh.topology": "three-splitter",
                "mesh.splitter.coupling": 0.47,
                "mesh.correlation_length_um": 500.0,
                "shifter.crosstalk": 0.01,
                "shifter.phase_error_rad": 0.03,
                "laser.wavelength_nm": 1540.0,
                "detector.shot_noise": True,
                "detector.thermal_noise": True,
            },
        )


class TestButterflyWithItsOwnLight(DeviceConformance):
    def build(self) -> Device:
        return build(layers=2, **{"mesh.topology": "butterfly", "activation.kind": "photodiode"})


def test_it_is_the_equation_of_its_docstring() -> None:
    device = build().double()
    card = device.card.override({"encoder.loss_db": 0.0, "facet_loss_db": 0.0, "mesh.waveguide_loss_db_per_cm": 0.0})
    device = MeshProcessor(card.override({"mesh.splitter.loss_db": 0.0, "shifter.loss_db": 0.0}), seed=1).double()
    with torch.no_grad():
        device.gain.copy_(torch.tensor([1.0, 2.0, 3.0]))
        device.offset.copy_(torch.tensor([0.5, 0.0, -1.0]))
    x = normal(1, 4, 5)
    (mesh,) = device.meshes
    U = mesh_matrix(mesh.topology, mesh.phases, method="plain")
    amplitude = torch.exp(1j * card.encoder.drive_rad * x)
    expected = device.gain * (amplitude @ U.mT)[:, :3].abs().square() + device.offset
    assert_close(device(x), expected)
    entering, leaving = device.power(x)
    assert_close(leaving, entering)  # lossless
    assert_close(entering[0], torch.tensor(0.1, dtype=torch.float64))


def test_losses_dim_the_light_and_the_reading_is_scaled_back() -> None:
    device = build().double()
    entering, leaving = device.power(normal(1, 200, 5))
    lost = float((10 * (entering / leaving).log10()).mean().detach())
    assert lost == pytest.approx(device._mean_loss_db(), abs=0.5)
    assert 0.3 < float((device(normal(1, 200, 5)) / 4).mean().detach()) < 3


def test_a_chip_is_its_seed_whatever_the_ensemble() -> None:
    device = build(**{"shifter.phase_error_rad": 0.1}).double()
    x = normal(4, 3, 5)
    assert torch.equal(device.as_built(5)(x), device.as_built(5)(x))
    chips = device.as_built(5, chips=4)
    assert chips(x).shape == (4, 3, 3)
    first = chips._meshes()[0]
    alone = first.faults.chip(2)
    rebuilt = MeshProcessor(device.card).double()
    rebuilt.load_state_dict(device.state_dict())
    rebuilt.meshes[0] = rebuilt._meshes()[0].with_faults(alone)
    assert_close(chips(x)[2], rebuilt(x))
    assert float((chips(x).std(0) / chips(x).mean(0).abs()).mean().detach()) > 1e-3


def test_corrected_chips_compute_what_was_designed() -> None:
    quiet = {"mesh.splitter.loss_db": 0.0, "shifter.loss_db": 0.0}
    errors = {"mesh.splitter.error_rad": 0.02, "shifter.phase_error_rad": 0.2}
    device = build("universal-programmable", layers=2, **(quiet | errors)).double()
    x = normal(4, 20, 5)
    built = device.as_built(5, chips=6)
    corrected = built.corrected()
    before, after = ((chips(x) - device(x)).square().mean().detach().sqrt() for chips in (built, corrected))
    assert float(after) < 0.02 * float(before)
    assert corrected.ideal()(x).shape == (6, 20, 3)  # settings differ from chip to chip, errors or not
    with pytest.raises(PhotonicsError, match="cannot make every unitary"):
        build(**{"mesh.topology": "butterfly"}).as_built(1).corrected()


def test_the_ideal_device_has_no_fault_left() -> None:
    ideal = build("mzi-phase-change").ideal()
    assert all(mesh.faults == Faults() for mesh in ideal._meshes())
    assert not ideal.card.active_imperfections()


def test_wavelength_moves_couplings_and_phases() -> None:
    at = build(**{"laser.wavelength_nm": 1560.0, "mesh.splitter.coupling_slope_per_nm": 0.004})
    (mesh,) = at._meshes()
    assert mesh.faults.angle is not None
    assert float(mesh.faults.angle[0]) == pytest.approx(math.asin(math.sqrt(0.54)), rel=1e-6)
    assert_close(at._actual(mesh), mesh.phases * (1550 / 1560))
    with pytest.raises(PhotonicsError, match="would couple"):
        build(**{"laser.wavelength_nm": 1700.0, "mesh.splitter.coupling_slope_per_nm": 0.004})


def test_costs_follow_the_phases() -> None:
    device = build()
    full = device.costs()
    with torch.no_grad():
        for mesh in device._meshes():
            mesh.phases.zero_()
    dark = device.costs()
    assert dark.energy_j["phase shifters"] == 0
    power = full.energy_j["phase shifters"] / full.total_latency_s
    assert power == pytest.approx(25 * 24.77e-3, rel=0.5)  # 25 shifters at pi on average
    assert full.total_latency_s == pytest.approx(10e-9 + 10e-9 + 0.1e-9 + 5 * 300e-6 * 4.2 / 299792458, rel=1e-9)


def test_the_drawing_shows_the_light_and_the_chip() -> None:
    device = build("universal-programmable", **{"mesh.splitter.error_rad": 0.03}).as_built(1, chips=2).double()
    right, left = device.drawings(normal(1, 5))
    assert (right.name, left.name) == ("right", "left")
    assert right.modes == 5
    assert right.cells.shape == (10, 3)
    assert right.power.shape == (6, 5)
    assert right.power[0].sum() == pytest.approx(0.1 * 10 ** (-(3 + 1.2) / 10))
    assert (right.power.sum(1)[1:] < right.power.sum(1)[:-1]).all()  # every column loses
    _, leaving = device.power(normal(1, 5))
    assert left.power[-1].sum() == pytest.approx(float(leaving[0].detach()))
    assert right.splitter_errors.std() == pytest.approx(0.03, rel=0.5)
    assert right.reflection_bound == 0.0
    reflecting = build(**{"mesh.splitter.return_loss_db": 40.0}).drawings(normal(1, 5).float())[0]
    assert reflecting.reflection_bound == pytest.approx(10 * 9 / 2 * 1e-4, rel=0.01)
    assert right.electrical_power_w.sum() + left.electrical_power_w.sum() == pytest.approx(
        device.costs().energy_j["phase shifters"] / device.costs().total_latency_s
    )


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_settings_can_be_taken_to_a_laboratory(suffix: str, tmp_path: Path) -> None:
    device = build("universal-programmable", **{"shifter.resistance_ohm": 500.0}).double()
    rows = device.write_settings(tmp_path / f"settings{suffix}")
    table = read_settings(tmp_path / f"settings{suffix}")
    assert rows == len(table["name"]) == 2 * 25
    assert table["name"][25] == "left, shifter 0"
    commanded = torch.cat([mesh.phases for mesh in device._meshes()]).detach()
    assert_close(torch.from_numpy(table["commanded_phase_rad"]), commanded)
    assert table["electrical_power_w"] == pytest.approx(table["drive_voltage_v"] ** 2 / 500)


def test_weights_of_another_arrangement_are_refused_with_the_file(tmp_path: Path) -> None:
    """The two have equally many phases: only the mark that is saved with them tells them apart."""
    trained, path = build(), tmp_path / "model.safetensors"
    write_tensors(path, {name: value.numpy() for name, value in trained.state_dict().items()}, {})
    weights = {name: torch.from_numpy(value) for name, value in read_tensors(path)[0].items()}
    again = build().double()
    with torch.no_grad():
        again.gain.add_(1.0)
    load_weights(again, weights, path)
    assert all(torch.equal(value, trained.state_dict()[name]) for name, value in again.state_dict().items())
    with pytest.raises(PhotonicsError, match=r"model\.safetensors does not fit the card: .* clements .* in reck"):
        load_weights(build(**{"mesh.topology": "reck"}), weights, path)


def test_capabilities() -> None:
    device = build()
    for protocol in (Drawn, Metered, Responds):
        assert isinstance(device, protocol)
    assert device.encoder == "diagonal"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("mesh.topology", "clement", "clements"),
        ("arrangement", "svdd", "svd"),
        ("shifter.crosstalk", 0.1, "does not decay"),
        ("mesh.splitter.coupling", 1.0, "coupling"),
        ("shifter.pi_power_mw", 0.0, "pi_power_mw"),
    ],
)
def test_refusals(field: str, value: object, words: str) -> None:
    changes = {field: value} | ({"shifter.crosstalk_decay_um": 0.0} if field == "shifter.crosstalk" else {})
    with pytest.raises(PhotonicsError, match=words):
        load_card("mzi-thermo-optic", changes)


def test_correction_holds_at_any_wavelength() -> None:
    quiet = {"mesh.splitter.loss_db": 0.0, "shifter.loss_db": 0.0, "mesh.splitter.error_rad": 0.0}
    device = build(**quiet, **{"shifter.phase_error_rad": 0.3, "laser.wavelength_nm": 1560.0}).double()
    x = normal(4, 10, 5)
    corrected = device.as_built(2, chips=3).corrected()
    assert_close(corrected(x), device(x).expand(3, -1, -1), "second")


def test_an_ensemble_of_corrected_chips_is_drawn_and_written(tmp_path: Path) -> None:
    chips = build(**{"shifter.resistance_ohm": 500.0}).as_built(0, chips=3).corrected()
    (drawing,) = chips.drawings(torch.zeros(5))
    assert drawing.phases.shape == (25,)
    assert chips.write_settings(tmp_path / "first.csv") == 25


def test_no_chips_are_refused() -> None:
    for chips in (0, -1):
        with pytest.raises(PhotonicsError, match="at least one chip"):
            build().as_built(1, chips=chips)


def test_the_link_starts_at_the_last_lasers() -> None:
    device = build(layers=2, **{"activation.kind": "photodiode", "activation.laser_power_mw": 2.0})
    (link,) = device.costs().links
    assert link.laser_power_w == pytest.approx(5 * 2e-3)
    assert "facets" not in link.losses_db
