"""S-parameters as physics: a known coupler comes back, and power from nothing is named with port and frequency."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.measured import SParameters, fit_splitter, passivity, read_sparameters, reciprocity

DATA = Path(__file__).parents[3] / "data"
LIGHT = 299_792_458.0
FREQUENCY = np.linspace(192e12, 195e12, 7)
Array = NDArray[Any]


def coupler(coupling: Any, loss_db: float = 0.3, reflection: float = 0.001, delay_s: float = 0.0) -> Array:
    """Ports 1, 2 in and 3, 4 out, with a delay: `(F, 4, 4)`."""
    c = np.broadcast_to(coupling, FREQUENCY.shape)
    s = np.zeros((len(FREQUENCY), 4, 4), complex)
    s[:] = reflection * np.eye(4)
    bar, cross = np.sqrt(1 - c), 1j * np.sqrt(c)
    T = np.stack([np.stack([bar, cross], -1), np.stack([cross, bar], -1)], -2)
    T = T * 10 ** (-loss_db / 20) * np.exp(2j * np.pi * FREQUENCY * delay_s)[:, None, None]
    s[:, 2:, :2] = s[:, :2, 2:] = T
    return s


def parameters(s: Array, frequency: Array = FREQUENCY) -> SParameters:
    return SParameters(frequency, s, "part.s4p", "0" * 64)


def test_between_frequencies_amplitudes_are_linear() -> None:
    part = parameters(coupler(0.4))
    middle = LIGHT / (0.75 * FREQUENCY[2] + 0.25 * FREQUENCY[3])
    np.testing.assert_allclose(part.at_wavelength(middle), 0.75 * part.s[2] + 0.25 * part.s[3], atol=1e-12)
    np.testing.assert_allclose(part.at_wavelength(LIGHT / FREQUENCY[0]), part.s[0], atol=1e-12)
    np.testing.assert_allclose(part.at_wavelength(LIGHT / FREQUENCY[-1]), part.s[-1], atol=1e-12)
    with pytest.raises(PhotonicsError, match=r"was measured from 1537\.4 to 1561\.42 nm, and 1300 nm is outside"):
        part.at_wavelength(1.3e-6)
    with pytest.raises(PhotonicsError, match=r"looks like m\. Did you mean 1550\?"):
        part.at_wavelength(1550e-18)


def test_what_makes_power_is_named_with_port_and_frequency() -> None:
    s = coupler(0.5, loss_db=0.0, reflection=0.0)
    assert passivity(parameters(s)).value == pytest.approx(1, abs=1e-12)
    assert passivity(parameters(s)).holds()
    s[4, 2:, 1] *= 1.1
    found = passivity(parameters(s))
    assert (found.value, found.frequency_hz, found.port) == (pytest.approx(1.1), FREQUENCY[4], 2)
    assert not found.holds()
    with pytest.raises(PhotonicsError, match=r"not passive: at 194 THz .* is 1\.1, mostly by light into port 2"):
        fit_splitter(parameters(s), 1.55e-6)


def test_what_is_not_reciprocal_is_named_with_ports_and_frequency() -> None:
    s = coupler(0.5)
    assert reciprocity(parameters(s)).value == 0
    s[3, 2, 1] *= 0.9
    found = reciprocity(parameters(s))
    assert found.value == pytest.approx(0.1 * np.sqrt(0.5) * 10 ** (-0.3 / 20))
    assert found.frequency_hz == FREQUENCY[3]
    assert set(found.ports) == {2, 3}
    assert not found.holds()


@pytest.mark.parametrize("delay_s", [0.0, 3e-12])
@pytest.mark.parametrize("swap", [False, True])
def test_a_known_coupler_comes_back(delay_s: float, swap: bool) -> None:
    """A slope linear in the wavelength is met exactly; a delay of many turns a step does no harm."""
    nm = 1e9 * LIGHT / FREQUENCY
    s = coupler(0.3 + 0.002 * (nm - 1550), loss_db=0.3, reflection=10 ** (-35 / 20), delay_s=delay_s)
    order = [0, 2, 1, 3] if swap else [0, 1, 2, 3]
    fit = fit_splitter(parameters(s[:, order][:, :, order]), 1.55e-6)
    assert fit.ports == ("1,3:2,4" if swap else "1,2:3,4")
    assert fit.coupling == pytest.approx(0.3, abs=1e-9)
    assert fit.coupling_slope_per_nm == pytest.approx(0.002, abs=1e-9)
    assert fit.loss_db == pytest.approx(0.3, abs=1e-9)
    assert fit.return_loss_db == pytest.approx(35, abs=1e-6)
    assert fit.residual < 1e-7
    turned = fit_splitter(parameters(s[:, order][:, :, order]), 1.55e-6, ports="1,3:4,2" if swap else "1,2:4,3")
    assert turned.coupling == pytest.approx(0.7, abs=1e-9)


def test_port_phases_are_no_residual_and_what_is_lopsided_is() -> None:
    rng = np.random.default_rng(1)
    phases = np.exp(2j * np.pi * rng.random(4))
    s = coupler(0.4, reflection=0.0)
    fit = fit_splitter(parameters(phases[:, None] * s * phases), 1.55e-6)
    assert fit.residual < 1e-7
    assert fit.return_loss_db == 0
    s[:, 2, 0] *= 0.8
    expected = np.sqrt(0.6) * (np.array([0.8, 1.0]) - np.sqrt((0.64 + 1) / 2))
    size = np.sqrt(0.6 * 1.64 + 0.8)
    assert fit_splitter(parameters(s), 1.55e-6).residual == pytest.approx(np.linalg.norm(expected) / size, abs=1e-6)
    in_phase = coupler(0.5, loss_db=3.1, reflection=0.0)
    in_phase[:, 2:, :2] = in_phase[:, :2, 2:] = 10 ** (-3.1 / 20) / np.sqrt(2)  # a power combiner
    assert fit_splitter(parameters(in_phase), 1.55e-6).residual == pytest.approx(2 * np.sin(np.pi / 8), abs=1e-6)


def test_the_slope_stays_inside_the_range() -> None:
    nm = 1e9 * LIGHT / FREQUENCY
    part = parameters(coupler(0.3 + 0.002 * (nm - 1550)))
    for wavelength_nm in (nm[0], nm[-1], nm[3], 0.5 * (nm[3] + nm[4])):
        assert fit_splitter(part, 1e-9 * wavelength_nm).coupling_slope_per_nm == pytest.approx(0.002, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "ports", "message"),
    [
        (lambda: parameters(coupler(0.5)[:, :3, :3]), None, "part.s4p has 3 ports; a splitter has 4"),
        (lambda: parameters(coupler(0.5)[:1], FREQUENCY[:1]), None, "one frequency, which gives no slope"),
        (lambda: parameters(coupler(0.0)), None, "do not tell inputs from outputs; .* --ports 1,2:3,4"),
        (lambda: parameters(np.zeros((7, 4, 4))), None, "do not tell inputs from outputs"),
        (lambda: parameters(np.zeros((7, 4, 4))), "1,2:3,4", "0 of the power goes through and 0 comes back"),
        (lambda: parameters(coupler(0.9)), "1,4:2,3", r"goes through and 0\..* comes back; choose other --ports"),
        (lambda: parameters(coupler(0.5)), "1,2", "write the two inputs, a colon and the two outputs"),
        (lambda: parameters(coupler(0.5)), "1,2:2,4", "write the two inputs, a colon"),
    ],
)
def test_what_is_no_splitter(make: Callable[[], SParameters], ports: str | None, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        fit_splitter(make(), 1.55e-6, ports)


def test_a_coupler_that_couples_nothing_is_read_with_its_ports() -> None:
    fit = fit_splitter(parameters(coupler(0.0)), 1.55e-6, "1,2:3,4")
    assert fit.coupling == pytest.approx(0, abs=1e-12)
    assert fit.residual < 1e-7


def test_the_sample_is_what_its_script_makes_and_gives_its_numbers() -> None:
    text = runpy.run_path(str(DATA / "make_samples.py"))["coupler_as_touchstone"]()
    assert (DATA / "coupler.s4p").read_text() == text
    part = read_sparameters(DATA / "coupler.s4p")
    assert passivity(part).holds()
    assert reciprocity(part).holds()
    fit = fit_splitter(part, 1.55e-6)
    assert fit.card_values() == {
        "coupling": 0.487, "coupling_slope_per_nm": 0.00308848, "loss_db": 0.1, "return_loss_db": 40.0,
    }  # fmt: skip
