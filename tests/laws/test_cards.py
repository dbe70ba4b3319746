"""Every card of the catalogue loads, builds, names its sources, and passes the laws."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from photonics_sim import list_devices, load_card
from photonics_sim.device import Metered, build_device
from photonics_sim.testing import LAWS, check_card

NAMES = [header.name for header in list_devices()]


@pytest.mark.parametrize("name", NAMES)
def test_a_card_passes_every_law(name: str) -> None:
    results = check_card(load_card(name))
    assert set(results) == set(LAWS)
    assert not {law: problem for law, problem in results.items() if problem}


def test_a_device_whose_outputs_do_not_change_passes_every_law() -> None:
    """One input that turns the phase of all light: its derivatives are zero to rounding."""
    results = check_card(load_card("mzi-thermo-optic", {"inputs": 1}))
    assert not {law: problem for law, problem in results.items() if problem}


def test_wrong_derivatives_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    device_type = type(build_device(load_card("mzi-thermo-optic")))
    real = device_type.measure

    class Scaled(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None: ...

        @staticmethod
        def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
            return 1.001 * g

        @staticmethod
        def jvp(ctx: Any, g: torch.Tensor) -> torch.Tensor:
            return g.clone()

    monkeypatch.setattr(device_type, "measure", lambda self, x, key: Scaled.apply(real(self, x, key)))
    assert "jacobian" in str(check_card(load_card("mzi-thermo-optic"))["transforms"])


@pytest.mark.parametrize("name", NAMES)
def test_a_card_builds_as_it_is_and_explains_itself(name: str) -> None:
    card = load_card(name)
    device = build_device(card)
    assert device.in_features == card.model_dump()[card.input_field]
    assert card.references
    assert card.not_modelled
    assert all(field.meaning for field in card.fields())
    assert card.exact_values().keys() | card.switched_off().keys() <= set(card.field_paths())


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite can fail: a device that makes light from nothing does not pass."""
    device = build_device(load_card(name))
    if not isinstance(device, Metered):
        pytest.skip("tells no power")
    device_type = type(device)
    real = device_type.power

    def active(self, x):  # type: ignore[no-untyped-def]
        entering, leaving = real(self, x)
        return entering, leaving + 2 * entering

    monkeypatch.setattr(device_type, "power", active)
    assert check_card(load_card(name))["passivity"] is not None
