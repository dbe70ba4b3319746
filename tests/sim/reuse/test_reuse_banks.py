"""Physical banks: what they are set to, what is there, what a reading adds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from photonics_sim import PhotonicsError, ReLaXNet
from photonics_sim.device import normal
from photonics_sim.mesh import Faults, HeaterCard, MeshCard, RingCard, SplitterCard
from photonics_sim.reuse import Compensation, CrossbarBanks, IdealBanks, MeshBanks, RingBanks, SlowBanks
from photonics_sim.reuse._noise import reading_noise
from photonics_sim.testing import assert_close, assert_gradient
from photonics_sim.weights import (
    Clock,
    PhaseChangeCard,
    PhaseChangeWeights,
    PhaseShifterCard,
    PhaseShifterWeights,
    ResonanceCard,
    Switch,
    switch_card,
)

N, L_W = 6, 3
RING = RingCard(
    radius_um=5.0,
    group_index=4.2,
    quality_factor=50000.0,
    parking_nm=0.1,
    resonance_error_pm=0.5,
    heater=HeaterCard(tuning_nm_per_mw=0.25, max_power_mw=1.0),
)
HOT = PhaseShifterCard(effect="thermo-optic", pi_power_mw=20.0)


def mesh(**options: Any) -> MeshBanks:
    return MeshBanks(L_W, N, layers=6, seed=2, **options).double()


def rings(spacing_m: float = 3e-9, **options: Any) -> RingBanks:
    channels = 1.55e-6 + spacing_m * (torch.arange(N) - (N - 1) / 2)
    return RingBanks(L_W, N, layers=6, ring=RING, wavelengths_m=channels, seed=2, **options).double()


def cells(**options: Any) -> CrossbarBanks:
    return CrossbarBanks(L_W, N, layers=6, seed=2, **options).double()


KINDS = {"mesh": mesh, "rings": rings, "cells": cells}


@pytest.mark.parametrize("kind", KINDS)
def test_they_start_from_the_weights_of_ideal_banks(kind: str) -> None:
    """Rings see their neighbours' channels a little, however far apart these are."""
    found = KINDS[kind]().matrices()
    expected = IdealBanks(L_W, N, layers=6, seeds=2).double().weight
    error = float((found - expected).detach().abs().max())
    assert error < (1e-2 if kind == "rings" else 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_any_real_matrix_can_be_programmed(kind: str) -> None:
    banks = KINDS[kind]()
    wanted = 3 * normal(5, L_W, N, N)
    banks.program(wanted)
    assert float((banks.matrices() - wanted).detach().abs().max()) < (0.1 if kind == "rings" else 1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("matrices", "words"),
    [
        (normal(5, 1, N, N), r"matrices \(3, 6, 6\); found \(1, 6, 6\)"),
        (normal(5, L_W, N, N) * torch.tensor([1.0, 0.0, 1.0])[:, None, None], "bank 1 .* largest element of 0"),
        (normal(5, L_W, N, N) * torch.tensor([1.0, 1.0, torch.nan])[:, None, None], "bank 2 .* nan"),
    ],
)
def test_what_cannot_be_programmed_is_refused(kind: str, matrices: Tensor, words: str) -> None:
    banks = KINDS[kind]()
    before = banks.matrices()
    with pytest.raises(PhotonicsError, match=words):
        banks.program(matrices)
    assert_close(banks.matrices(), before, "equal")


def test_a_weight_of_zero_has_the_slope_of_its_neighbours() -> None:
    banks = CrossbarBanks(1, 3, layers=1, seed=None).double()
    assert_close(torch.autograd.grad(banks.matrices().sum(), banks.setting.target)[0], torch.ones(1, 3, 3).double())


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_setting(kind: str) -> None:
    banks = KINDS[kind]()
    names = [name for name, _ in banks.named_parameters() if name != "bias"]
    values = [dict(banks.named_parameters())[name] for name in names]

    class Matrices(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.banks = banks

        def forward(self) -> Tensor:
            return self.banks.matrices()

    def run(*tensors: Tensor) -> Tensor:
        settings = {f"banks.{name}": tensor for name, tensor in zip(names, tensors, strict=True)}
        return torch.func.functional_call(Matrices(), settings, ())

    assert_gradient(run, *values)


def test_meshes_are_passive_and_the_gain_amplifies() -> None:
    banks = mesh()
    assert float(torch.linalg.matrix_norm(banks.transfer().detach(), ord=2).max()) <= 1 + 1e-12
    assert_close(banks.matrices(), banks.gain[:, None, None] * banks.transfer())


def test_splitter_errors_and_losses_are_those_of_one_chip() -> None:
    card = MeshCard(topology="clements", splitter=SplitterCard(error_rad=0.02))
    banks = mesh(mesh=card)
    ideal = banks.matrices()
    banks.build(7)
    built = banks.matrices()
    assert not torch.allclose(built[0] - ideal[0], built[1] - ideal[1])  # each bank has errors of its own
    assert_close(banks.matrices(), built, "equal")
    banks.build(8)
    assert float((banks.matrices() - built).detach().abs().max()) > 1e-3
    banks.build(None)
    assert_close(banks.matrices(), ideal, "equal")
    lossy = mesh(faults=Faults(path_loss_db=torch.full((N,), 3.0)), loss_db=6.0)
    assert_close(lossy.matrices(), ideal)  # the read-out makes up for a loss that all paths share


@pytest.mark.parametrize("kind", KINDS)
def test_an_ensemble_is_a_leading_axis(kind: str) -> None:
    banks = KINDS[kind]()
    network = ReLaXNet(4, N, 2, weight_sets=L_W, layers=6, bank=banks, seed=2).double()
    banks.build(3, chips=4)
    assert banks.matrices().shape == (4, L_W, N, N)
    x = normal(1, 5, 4)
    assert network(x).shape == (4, 5, 2)
    assert network(x, key=1).shape == (4, 5, 2)


def aged(hours: float, compensation: Compensation, **card: Any) -> tuple[Tensor, Tensor]:
    """Matrices of phase-change banks at once and hours later."""
    clock = Clock()
    model = PhaseChangeWeights(PhaseChangeCard(**{"drift_exponent": 0.05, **card}))
    banks = cells(model=model, clock=clock, compensation=compensation)
    banks.build(4)
    before = banks.matrices()
    clock.advance(3600 * hours)
    return before, banks.matrices()


def test_a_drift_that_all_share_is_undone() -> None:
    before, after = aged(24, Compensation("none"))
    assert_close(after, before * (1 + 24 * 3600 / 20) ** -0.05)
    for by in ("global", "output"):
        assert_close(*reversed(aged(24, Compensation(by, "ideal"))))


def test_a_spread_of_drift_is_not_undone_but_its_mean_is() -> None:
    spread = {"drift_spread": 0.01}
    errors = []
    for by in ("none", "global", "output"):
        before, after = aged(720, Compensation(by, "ideal"), **spread)
        errors.append(float(((after - before).norm() / before.norm()).detach()))
    assert errors[0] > 2 * errors[1] > 0
    assert errors[2] < errors[1]


def test_a_noisy_calibration_is_one_reading() -> None:
    quiet, noisy = (aged(24, Compensation("global", readout), reading_error=0.05)[1] for readout in ("ideal", "noisy"))
    assert 0 < float(((noisy - quiet).norm() / quiet.norm()).detach()) < 0.05
    assert_close(noisy, aged(24, Compensation("global", "noisy"), reading_error=0.05)[1], "equal")


def test_rings_drift_off_their_channels() -> None:
    clock = Clock()
    banks = rings(resonance=ResonanceCard(temperature_drift_k=0.1, shift_pm_per_k=80.0), clock=clock)
    before = banks.transfer()
    clock.advance(3600.0)
    shifted = banks.transfer()
    assert float((shifted - before).detach().abs().max()) > 0.05
    clock.advance(3600.0)
    assert_close(banks.transfer(), shifted)  # the temperature has settled


def test_heaters_settle() -> None:
    clock = Clock()
    slow = HOT.model_copy(update={"response_time_us": 2.0})
    banks = mesh(model=PhaseShifterWeights(slow), clock=clock)
    cold = banks.matrices()
    clock.advance(2e-6)
    phases = banks.phases.actual()
    assert_close(phases, (1 - torch.exp(torch.tensor(-1.0).double())) * banks.phases.target)
    clock.advance(1e-3)
    assert_close(banks.matrices(), mesh().matrices())
    assert not torch.allclose(cold, banks.matrices())


@pytest.mark.parametrize("kind", KINDS)
def test_detector_noise_has_its_size_and_is_fresh_in_each_layer(kind: str) -> None:
    banks = KINDS[kind](noise=0.01)
    h = normal(1, 4000, N)
    noise = reading_noise(banks, (0, 1, 0), 11)
    assert noise is not None
    for layer, k in enumerate((0, 1, 0)):
        expected = 0.01 * banks.gain[k].detach().abs() * h.abs().amax(-1, keepdim=True)
        spread = float((noise(layer, h) / expected).std())
        assert abs(spread - 1) < 4 / (2 * h.numel()) ** 0.5
    correlation = torch.corrcoef(torch.stack([noise(0, h).flatten(), noise(2, h).flatten()]))[0, 1]
    assert abs(float(correlation)) < 4 / h.numel() ** 0.5


def test_a_key_names_a_reading() -> None:
    network = ReLaXNet(4, N, 2, weight_sets=L_W, layers=6, bank=cells(noise=0.01), checkpoints=True).double()
    x = normal(1, 5, 4)
    assert_close(network(x, key=1), network(x, key=1), "equal")
    assert not torch.equal(network(x, key=1), network(x, key=2))
    assert not torch.equal(network(x, key=1), network(x))
    again, kept = (_gradient(network, x, checkpoints) for checkpoints in (True, False))
    assert_close(again, kept)  # states that are computed again meet the same noise


def _gradient(network: ReLaXNet, x: Tensor, checkpoints: bool) -> Tensor:
    network.checkpoints = checkpoints
    return torch.autograd.grad(network(x, key=1).square().sum(), network.input.weight)[0]


def test_read_noise_of_weights_weighs_each_input() -> None:
    banks = cells(model=PhaseChangeWeights(PhaseChangeCard(reading_error=0.05)))
    rms = banks.element_rms()
    assert rms is not None
    h = normal(1, N).expand(20000, N)
    noise = reading_noise(banks, (0,), 5)
    assert noise is not None
    expected = (h[0].square() @ rms[0].square().mT).sqrt()
    spread = noise(0, h).std(0) / expected
    assert float((spread - 1).detach().abs().max()) < 5 / (2 * 20000) ** 0.5


def test_crosstalk_of_the_switch_mixes_the_banks() -> None:
    leak = Switch(switch_card("electro-optic", crosstalk_db=20.0))
    banks = IdealBanks(2, N, layers=6).double()
    W = banks.weight
    mixed = banks.matrices(leak.leakage(coherent=False))
    assert_close(mixed[0], 0.99 * W[0] + 0.01 * (W[0] + W[1]))
    x = normal(1, 5, N)
    clean, leaky = (
        ReLaXNet(N, N, 2, weight_sets=2, layers=4, bank=banks, switch=switch).double() for switch in (None, leak)
    )
    assert float((clean(x) - leaky(x)).detach().abs().max()) > 1e-4
    fields = mesh().matrices(leak.leakage(coherent=True)) - mesh().matrices()
    powers = mesh().matrices(leak.leakage(coherent=False)) - mesh().matrices()
    assert_close(fields, 10 * powers, "law")


def test_slow_banks_say_what_they_are() -> None:
    assert mesh().cells == 2 * N * N + N
    assert rings().cells == N * N
    assert cells().cells == 2 * N * N
    for make in KINDS.values():
        banks: SlowBanks = make()
        assert [bank.target.shape[0] for bank in banks.slow()] == [L_W]
        assert banks.output_rms() is None
