"""What holds for every model of a slow weight: purity in time, chips, precision, derivatives."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.testing import assert_close, assert_gradient
from photonics_sim.weights import (
    IdealWeights,
    LiquidCrystalCard,
    LiquidCrystalWeights,
    Moment,
    PhaseChangeCard,
    PhaseChangeWeights,
    PhaseShifterCard,
    PhaseShifterWeights,
    ResonanceCard,
    ResonanceWeights,
    UniformLevels,
    WeightModel,
)

HEATER = PhaseShifterCard(effect="thermo-optic", pi_power_mw=25.0, response_time_us=4.0)
MODELS: dict[str, WeightModel] = {
    "ideal": IdealWeights(),
    "levels": UniformLevels(16, 0.0, 1.0),
    "liquid crystal": LiquidCrystalWeights(
        LiquidCrystalCard(rise_time_ms=2.0, fall_time_ms=5.0, extinction_db=20.0, flicker=0.01)
    ),
    "own cell": PhaseChangeWeights(
        PhaseChangeCard(programming_error=0.02, drift_exponent=0.05, drift_spread=0.01, reading_error=0.01)
    ),
    "joshi": PhaseChangeWeights(PhaseChangeCard(cell="joshi")),
    "hermes": PhaseChangeWeights(PhaseChangeCard(cell="hermes-one-cell")),
    "resonance": ResonanceWeights(ResonanceCard(wander_pm=4.0, temperature_drift_k=-2.0, shift_pm_per_k=80.0)),
    "shifter": PhaseShifterWeights(HEATER, wander_rad=0.02),
}
# of settling elements, and of drift and wander, all in their middle
AGES = {"liquid crystal": 3e-3, "shifter": 3e-6}
every_model = pytest.mark.parametrize("name", MODELS)


def moment(name: str, *, age_s: float | None = None, seed: int | None = 7, chips: int | None = None) -> Moment:
    return Moment(age_s=AGES.get(name, 1e4) if age_s is None else age_s, seed=seed, chips=chips)


def target(*shape: int) -> Tensor:
    """Between the ends, and away from the middle between two of 16 levels."""
    return 0.1 + 0.8 * torch.special.ndtr(normal(11, *(shape or (4, 5))))


@every_model
def test_a_reading_is_a_pure_function_that_ages_do_not_compound(name: str) -> None:
    model, x = MODELS[name], target()
    early, late = moment(name), moment(name, age_s=2e4)
    fresh = model.actual(x, late)
    assert torch.equal(model.actual(x, early), model.actual(x, early))
    assert torch.equal(model.actual(x, late), fresh), "a reading before it left a trace"


@every_model
def test_chips_are_a_leading_axis(name: str) -> None:
    model, x = MODELS[name], target()
    chips = model.actual(x, moment(name, chips=3))
    assert chips.shape == (3, *x.shape)
    rms = model.reading_rms(x, moment(name, chips=3))
    assert rms is None or (rms.shape == chips.shape and not rms.requires_grad)
    nominal = model.actual(x, moment(name, seed=None))
    assert torch.equal(model.actual(x, moment(name, seed=None, chips=3)), nominal.expand(3, *x.shape))
    if name not in {"ideal", "levels", "liquid crystal"}:
        assert not torch.equal(chips[0], chips[1])
        assert not torch.equal(model.actual(x, moment(name, seed=8)), model.actual(x, moment(name)))


@every_model
def test_single_precision_is_the_same_chip(name: str) -> None:
    model = MODELS[name]
    x = target().float()
    double, single = (model.actual(values, moment(name, chips=2)) for values in (x.double(), x))
    assert double.dtype == torch.float64
    assert_close(single, double.float(), "rounding", name)


@every_model
def test_gradients_through_everything_that_acts_on_a_target(name: str) -> None:
    model, x = MODELS[name], target(6)
    if name == "levels":  # a staircase has no slope of its own
        slope = torch.func.jacrev(lambda t: model.actual(t, moment(name)))(x)
        assert torch.equal(slope, torch.eye(6, dtype=torch.float64))
        return
    for chips in (None, 2):
        assert_gradient(lambda t, chips=chips: model.actual(t, moment(name, chips=chips)), x)


@every_model
def test_derivatives_agree_in_every_mode(name: str) -> None:
    model, x = MODELS[name], target(6)

    def read(t: Tensor) -> Tensor:
        return model.actual(t, moment(name))

    backward = torch.func.jacrev(read)(x)
    assert_close(torch.func.jacfwd(read)(x), backward)
    assert_close(torch.func.jvp(read, (x,), (torch.ones_like(x),))[1], backward.sum(-1))
    rows = torch.func.vmap(read)(torch.stack([x, x / 2]))
    assert_close(rows, torch.stack([read(x), read(x / 2)]), "equal")


@every_model
def test_a_slope_is_finite_at_the_ends(name: str) -> None:
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    for seed in (None, 1, 2):
        (slope,) = torch.autograd.grad(MODELS[name].actual(x, moment(name, seed=seed)).sum(), x)
        assert torch.isfinite(slope).all()
        rms = MODELS[name].reading_rms(x, moment(name, seed=seed))
        assert rms is None or torch.isfinite(rms).all()


@every_model
def test_models_can_be_sent_to_another_process(name: str) -> None:
    model = pickle.loads(pickle.dumps(MODELS[name]))
    assert torch.equal(model.actual(target(), moment(name)), MODELS[name].actual(target(), moment(name)))


def test_every_write_draws_anew_and_effects_do_not_share_numbers() -> None:
    x = torch.zeros(1000, dtype=torch.float64)
    first = Moment(seed=1).normal("a", x)
    others = [Moment(seed=1, writes=2).normal("a", x), Moment(seed=1).normal("b", x), Moment(seed=2).normal("a", x)]
    for other in others:
        assert abs(float((first * other).mean())) < 4 / 1000**0.5
    assert torch.equal(first, Moment(seed=1, age_s=5.0).normal("a", x))
    assert not Moment(chips=2).normal("a", x).any()


def test_ages_that_cannot_be_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"read 0\.5 s before their last write, .* read them at or after it"):
        Moment(age_s=-0.5)
    for age in (float("nan"), float("inf")):
        with pytest.raises(PhotonicsError, match="give the seconds since the last write as a finite number"):
            Moment(age_s=age)


def test_cards_of_slow_weights_need_no_torch() -> None:
    names = "LiquidCrystalCard, PhaseChangeCard, PhaseCurveCard, ResonanceCard, SwitchCard, WriteCard, Ledger"
    names += ", switch_card, read_phase_curve"
    code = f"import sys; from photonics_sim.weights import {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
