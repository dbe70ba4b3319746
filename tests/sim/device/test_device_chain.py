"""Devices one after the other."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from photonics_sim.device import Chain, Device, derive_key, load_device, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import DeviceConformance, assert_close


def scatterer(inputs: int, outputs: int, seed: int = 0, **fields: Any) -> Device:
    sizes = {"inputs": inputs, "classes": outputs, "tolerance": 1e-15}
    return load_device("free-space-scatterer", seed=seed, **(sizes | fields))


def pair(**fields: Any) -> Chain:
    return Chain([scatterer(4, 3, 1, **fields), scatterer(3, 2, 2, **fields)])


NOISY = {"detector.shot_noise": True, "detector.thermal_noise": True, "modulator.phase_noise_rad": 0.05}


class TestChain(DeviceConformance):
    """With two copies, so that inputs are scaled by up to 1: at 0.1 curvature is rounding."""

    def build(self) -> Device:
        return Chain([scatterer(4, 3, 2, copies=2), scatterer(3, 2, 12, copies=2)])


def test_a_pass_is_the_composition() -> None:
    chain = pair().double()
    first, second = chain.stages()
    x = normal(1, 5, 4)
    assert (chain.in_features, chain.out_features, chain.card) == (4, 2, None)
    assert torch.equal(chain(x), second(first(x)))


def test_a_chain_of_one_is_the_device() -> None:
    device = scatterer(4, 3).double()
    x = normal(1, 2, 4)
    assert torch.equal(Chain([device])(x), device(x))


def test_widths_that_do_not_fit_are_refused_by_place() -> None:
    with pytest.raises(PhotonicsError, match="device 1 gives 2 outputs, device 2 takes 3; make them equal"):
        Chain([scatterer(4, 3), scatterer(3, 2), scatterer(3, 1)])


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(PhotonicsError, match="at least one device"):
        Chain([])


def test_costs_add_up() -> None:
    chain = pair()
    first, second = (device.costs() for device in chain.stages())
    both = chain.costs()
    assert both.total_energy_j == pytest.approx(first.total_energy_j + second.total_energy_j, rel=1e-12)
    assert both.total_latency_s == pytest.approx(first.total_latency_s + second.total_latency_s, rel=1e-12)
    assert [dataclasses.asdict(link) for link in both.links] == [
        dataclasses.asdict(link) for link in first.links + second.links
    ]


def test_the_parameters_of_every_stage_are_trained() -> None:
    chain = pair().double()
    chain(normal(1, 2, 4)).sum().backward()
    for stage in chain.stages():
        for parameter in stage.parameters():
            assert parameter.grad is not None
            assert float(parameter.grad.abs().max()) > 0


def test_each_stage_reads_with_a_key_of_its_own() -> None:
    chain = pair(**NOISY).double()
    first, second = chain.stages()
    x = normal(1, 5, 4)
    by_hand = second(first(x, key=derive_key(9, 0)), key=derive_key(9, 1))
    assert torch.equal(chain(x, key=9), by_hand)
    assert not torch.equal(chain(x, key=9), chain(x, key=10))
    assert not torch.equal(chain(x, key=9), chain(x))
    assert torch.equal(chain(x), second(first(x)))


def test_a_chip_is_its_seed() -> None:
    chain = pair(**{"scattering.error_rad": 0.05}).double()
    x = normal(1, 5, 4)
    nominal = chain(x)
    assert chain.as_built(3)(x).shape == (5, 2)
    assert torch.equal(chain.as_built(3)(x), chain.as_built(3)(x))
    assert not torch.allclose(chain.as_built(3)(x), chain.as_built(4)(x))
    assert not torch.allclose(chain.as_built(3)(x), nominal)
    assert torch.equal(chain(x), nominal)


def test_an_ensemble_has_one_leading_axis_of_different_chips() -> None:
    chain = pair(**{"scattering.error_rad": 0.05}).double()
    x = normal(1, 5, 4)
    chips = chain.as_built(3, chips=3)(x)
    assert chips.shape == (3, 5, 2)
    assert torch.equal(chips, chain.as_built(3, chips=3)(x))
    assert_close(chips[:2], chain.as_built(3, chips=2)(x), "equal", "the first chips of a larger ensemble")
    assert not torch.allclose(chips[0], chips[1])
    assert not torch.allclose(chips[0], chain.as_built(4, chips=1)(x)[0])


def test_stages_are_not_the_same_chip() -> None:
    """Two equal devices in a chain get errors of their own."""
    device = scatterer(3, 3, **{"modulator.phase_error_rad": 0.2}).double()
    first, second = Chain([device, device]).as_built(1).stages()
    x = normal(1, 4, 3)
    assert not torch.allclose(first(x), second(x))


def test_chips_read_with_keys_of_their_own() -> None:
    chain = Chain([scatterer(3, 2, **NOISY, **{"modulator.phase_error_rad": 0.0})]).double()
    x = normal(1, 4, 3)
    chips = chain.as_built(1, chips=2)
    assert torch.equal(chips(x)[0], chips(x)[1]), "without fabrication errors chips are alike"
    assert not torch.allclose(chips(x, key=5)[0], chips(x, key=5)[1])
    assert torch.equal(chips(x, key=5), chips(x, key=5))


def test_the_ideal_chain_is_of_ideal_stages() -> None:
    chain = pair(**NOISY, **{"modulator.loss_db": 3.0}).double()
    first, second = chain.stages()
    x = normal(1, 5, 4)
    assert torch.equal(chain.ideal()(x, key=1), second.ideal()(first.ideal()(x)))
    assert not torch.allclose(chain.ideal()(x), chain(x))
