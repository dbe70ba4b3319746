"""A coupler's S-parameters reduced to the numbers of a card's splitter."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.measured._sparameters import SParameters, passivity

Ports = tuple[tuple[int, int], tuple[int, int]]

_PAIRINGS: tuple[Ports, ...] = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
_PORTS = re.compile(r"\s*([1-4])\s*,\s*([1-4])\s*:\s*([1-4])\s*,\s*([1-4])\s*")
_CLEARLY = 10.0
_NOISE_FLOOR = 1e-6
_NO_REFLECTION_DB = 200.0


@dataclass(frozen=True)
class SplitterFit:
    """A four-port coupler in the words of `SplitterCard`.

    Attributes:
        coupling: Power to the cross ports over the power to bar and cross ports, both inputs together.
        coupling_slope_per_nm: Its change with wavelength, in 1/nm.
        loss_db: Power that reaches neither, of what goes in, in dB; at least 0.
        return_loss_db: The largest reflection into any port of the side that light came from, isolation included, in
            dB below the input; 0 for none (below -200 dB).
        residual: The least `|T - M| / |T|` (Frobenius norms): the share of the transmission T, as an amplitude, that
            `M = loss * splitter`, with any phases at its four ports, cannot express.
        ports: `"1,2:3,4"`: inputs before outputs; the bar path joins first to first and second to second.
        wavelength_m: Where all this holds.
    """

    coupling: float
    coupling_slope_per_nm: float
    loss_db: float
    return_loss_db: float
    residual: float
    ports: str
    wavelength_m: float

    def card_values(self) -> dict[str, float]:
        """The fields of a `SplitterCard`, rounded to what a person reads and no measurement exceeds."""
        return {
            "coupling": float(f"{self.coupling:.6g}"),
            "coupling_slope_per_nm": float(f"{self.coupling_slope_per_nm:.6g}"),
            "loss_db": round(self.loss_db, 5),
            "return_loss_db": round(self.return_loss_db, 3),
        }


def fit_splitter(parameters: SParameters, wavelength_m: float, ports: str | None = None) -> SplitterFit:
    """Reduce a coupler to coupling, its slope, excess loss and return loss at one wavelength.

    All are taken from powers at the neighbouring frequencies and interpolated, so that long feeding waveguides, whose
    phases turn fast, do no harm. The slope is the central difference over the two neighbouring intervals, inside the
    measured range.

    Args:
        parameters: Four ports, passive, two frequencies or more.
        wavelength_m: In metres.
        ports: `"1,2:3,4"`, inputs before outputs, where the data leave a doubt; which output is the bar port is a
            matter of the layout, and taken to be the first for the first unless this says otherwise.

    Raises:
        PhotonicsError: for another number of ports, a part that makes power, a wavelength outside the range, or
            inputs and outputs that cannot be told apart.
    """
    if parameters.ports != 4:
        raise PhotonicsError(
            f"{parameters.source} has {parameters.ports} ports; a splitter has 4 (two in, two out): choose another file"
        )
    if len(parameters.frequency_hz) < 2:
        raise PhotonicsError(f"{parameters.source} has one frequency, which gives no slope; measure two or more")
    _require_passive(parameters)
    chosen = _parse(ports) if ports else None
    left, weight = parameters.bracket(wavelength_m)
    power = np.abs(parameters.s) ** 2
    here = power[left] + weight * (power[min(left + 1, len(power) - 1)] - power[left])
    ins, outs = chosen or _detect(here, parameters.source, wavelength_m)
    _require_transmission(here, (ins, outs), parameters.source)
    back = max(here[i, j] for side in (ins, outs) for i in side for j in side)
    return _reduce(parameters, wavelength_m, (ins, outs), float(back))


def _reduce(parameters: SParameters, wavelength_m: float, ports: Ports, back: float) -> SplitterFit:
    """The fit, where `back` is the largest power that comes back."""
    ins, outs = ports
    T = parameters.s[:, outs][:, :, ins]
    through = np.abs(T) ** 2
    cross = through[:, 0, 1] + through[:, 1, 0]
    total = np.maximum(through.sum((1, 2)), np.finfo(float).tiny)
    coupling = np.clip(cross / total, 0, 1)
    wavelength = parameters.wavelength_m
    return_loss = -10 * np.log10(max(back, np.finfo(float).tiny))
    left, weight = parameters.bracket(wavelength_m)
    near = [left, min(left + 1, len(T) - 1)]
    share = np.interp(weight, [0, 1], [_residual(T[k], coupling[k]) for k in near])
    return SplitterFit(
        coupling=_at(wavelength_m, wavelength, coupling),
        coupling_slope_per_nm=_slope(wavelength_m, wavelength, coupling),
        loss_db=max(0.0, -10 * np.log10(_at(wavelength_m, wavelength, total) / 2)),
        return_loss_db=0.0 if return_loss > _NO_REFLECTION_DB else float(return_loss),
        residual=float(share),
        ports=":".join(",".join(str(p + 1) for p in side) for side in ports),
        wavelength_m=wavelength_m,
    )


def _require_passive(parameters: SParameters) -> None:
    found = passivity(parameters)
    if not found.holds():
        raise PhotonicsError(
            f"{parameters.source} is not passive: at {found.frequency_hz / 1e12:.6g} THz its largest singular value is "
            f"{found.value:.9g}, mostly by light into port {found.port}, and no more than 1 is physical; mend the "
            "calibration or the fit that made it"
        )


def _parse(ports: str) -> Ports:
    match = _PORTS.fullmatch(ports)
    numbers = [int(word) - 1 for word in match.groups()] if match else []
    if sorted(numbers) != [0, 1, 2, 3]:
        raise PhotonicsError(f"ports {ports[:40]!r}: write the two inputs, a colon and the two outputs, as in 1,2:3,4")
    return (numbers[0], numbers[1]), (numbers[2], numbers[3])


def _within(power: NDArray[np.float64], pairing: Ports) -> float:
    """The power that stays on a side and goes to its other port."""
    return float(sum(power[i, j] + power[j, i] for i, j in pairing))


def _detect(power: NDArray[np.float64], source: str, wavelength_m: float) -> Ports:
    """The pairing of ports that keeps least power on one side, where the next best keeps ten times more."""
    ranked = sorted(_PAIRINGS, key=lambda pairing: _within(power, pairing))
    best, second = (_within(power, pairing) for pairing in ranked[:2])
    if second <= max(_CLEARLY * best, _NOISE_FLOOR * float(power.sum())):
        raise PhotonicsError(
            f"{source}: at {1e9 * wavelength_m:.6g} nm the transmissions do not tell inputs from outputs; say which "
            'are which with --ports 1,2:3,4 (ports="1,2:3,4")'
        )
    return ranked[0]


def _require_transmission(power: NDArray[np.float64], ports: Ports, source: str) -> None:
    ins, outs = ports
    through = float(power[np.ix_(outs, ins)].sum())
    back = float(power[np.ix_(ins, ins)].sum())
    if through <= back:
        name = ":".join(",".join(str(p + 1) for p in side) for side in ports)
        raise PhotonicsError(
            f"{source}: with ports {name}, {through / 2:.3g} of the power goes through and {back / 2:.3g} comes back; "
            "choose other --ports"
        )


def _at(wavelength_m: float, wavelength: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    return float(np.interp(wavelength_m, wavelength[::-1], values[::-1]))


def _slope(wavelength_m: float, wavelength: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Per nanometre; at an end of the range the difference is one-sided."""
    step = float(
        np.abs(np.diff(wavelength))[np.argmin(np.abs(wavelength[:-1] + np.diff(wavelength) / 2 - wavelength_m))]
    )
    low, high = max(wavelength_m - step, wavelength[-1]), min(wavelength_m + step, wavelength[0])
    return float((_at(high, wavelength, values) - _at(low, wavelength, values)) / (1e9 * (high - low)))


def _residual(T: NDArray[np.complex128], coupling: float) -> float:
    """The least |T - M| / |T| over the phases of the four ports of `M = loss * [[t, i k], [i k, t]]`.

    With the input phases `(0, x)`, each output's best phase is known, which leaves one number x to search.
    """
    size = float(np.linalg.norm(T))
    if size == 0:
        return 0.0
    t, k = np.sqrt(1 - coupling), np.sqrt(coupling)
    model = size / np.sqrt(2) * np.array([[t, 1j * k], [1j * k, t]])
    overlap = T * model.conj()

    def gain(x: NDArray[np.float64]) -> NDArray[np.float64]:
        turned = overlap[:, :1] + overlap[:, 1:] * np.exp(-1j * x)
        return np.asarray(np.abs(turned).sum(0))

    best, width = 0.0, np.pi
    for _ in range(6):
        x = best + np.linspace(-width, width, 201)
        best, width = float(x[np.argmax(gain(x))]), width / 50
    inputs = np.exp(1j * np.array([0.0, best]))
    outputs = np.exp(1j * np.angle((overlap * inputs.conj()).sum(1)))
    return float(np.linalg.norm(T - outputs[:, None] * model * inputs)) / size
