"""Measured or simulated scattering matrices, and whether they can be those of a passive, reciprocal part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photonics_sim.device import SPEED_OF_LIGHT_M_PER_S, suggest_unit
from photonics_sim.errors import PhotonicsError

MAX_PORTS = 100
_WAVELENGTH_NM = (100.0, 20000.0)  # as cards have it
_LARGEST = 1e3
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class SParameters:
    """The scattering matrix of a part over frequency, in a file's own ports, which count from 1.

    Attributes:
        frequency_hz: Frequencies in Hz, `(F,)`, rising; falling ones are turned round with `s`.
        s: Amplitudes `(F, P, P)`, complex; `s[f, out, in]`.
        source: Name of the file.
        sha256: Digest of the file, 64 hexadecimal digits.

    Raises:
        PhotonicsError: where frequencies are not those of light (100 .. 20000 nm), repeat or jump back, or an
            amplitude is not finite or beyond reason.
    """

    frequency_hz: NDArray[np.float64]
    s: NDArray[np.complex128]
    source: str
    sha256: str

    def __post_init__(self) -> None:
        frequency = np.array(self.frequency_hz, dtype=np.float64)
        s = np.array(self.s, dtype=np.complex128)
        if frequency.ndim != 1 or not frequency.size or s.shape != (frequency.size, *s.shape[-1:] * 2) or not s.size:
            raise PhotonicsError(
                f"{self.source}: frequencies of shape {frequency.shape} do not go with S of shape {s.shape}; "
                "expected (F,) and (F, P, P)"
            )
        if s.shape[-1] > MAX_PORTS:
            raise PhotonicsError(f"{self.source} has {s.shape[-1]} ports; at most {MAX_PORTS} are read")
        _check_frequencies(frequency, self.source)
        if frequency[0] > frequency[-1]:
            frequency, s = frequency[::-1].copy(), s[::-1].copy()
        _check_amplitudes(frequency, s, self.source)
        for name, array in (("frequency_hz", frequency), ("s", s)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def ports(self) -> int:
        """The number of ports, P."""
        return int(self.s.shape[-1])

    @property
    def wavelength_m(self) -> NDArray[np.float64]:
        """Wavelengths in vacuum in metres, `(F,)`, falling."""
        return SPEED_OF_LIGHT_M_PER_S / self.frequency_hz

    def at_wavelength(self, wavelength_m: float) -> NDArray[np.complex128]:
        """The matrix `(P, P)` at one wavelength: linear in the complex amplitude between neighbouring frequencies.

        Amplitudes come out too small where phases turn much from one frequency to the next (by 1 - cos(half the
        turn)): a long part wants finely spaced data. `fit_splitter` works with powers and is free of this.

        Raises:
            PhotonicsError: outside the measured range.
        """
        left, weight = self.bracket(wavelength_m)
        right = min(left + 1, len(self.frequency_hz) - 1)
        return np.asarray((1 - weight) * self.s[left] + weight * self.s[right])

    def bracket(self, wavelength_m: float) -> tuple[int, float]:
        """Index of the frequency below a wavelength's and the weight of the next one, 0 .. 1.

        Raises:
            PhotonicsError: outside the measured range.
        """
        wavelength = self.wavelength_m
        low, high = float(wavelength[-1]), float(wavelength[0])
        if not low * (1 - _ROUNDING) <= wavelength_m <= high * (1 + _ROUNDING):
            nm = 1e9 * wavelength_m
            raise PhotonicsError(
                f"{self.source} was measured from {1e9 * low:.6g} to {1e9 * high:.6g} nm, and {nm:.6g} nm is outside; "
                f"choose a wavelength inside{suggest_unit('wavelength_nm', nm, 1e9 * low, 1e9 * high)}"
            )
        points = np.arange(len(self.frequency_hz))
        place = float(np.interp(SPEED_OF_LIGHT_M_PER_S / wavelength_m, self.frequency_hz, points))
        return int(place), place - int(place)


def _check_frequencies(frequency: NDArray[np.float64], source: str) -> None:
    for index, value in enumerate(frequency, start=1):
        nm = 1e9 * SPEED_OF_LIGHT_M_PER_S / value if value > 0 else 0.0
        if not (
            np.isfinite(value) and _WAVELENGTH_NM[0] * (1 - _ROUNDING) <= nm <= _WAVELENGTH_NM[1] * (1 + _ROUNDING)
        ):
            raise PhotonicsError(
                f"{source}: frequency {index} is {value:g} Hz, and light of 100 .. 20000 nm has 1.5e+13 .. 3e+15 Hz; "
                "check the unit of the file's frequencies"
            )
    steps = np.diff(frequency)
    wrong = np.flatnonzero(steps <= 0 if frequency[-1] >= frequency[0] else steps >= 0)
    if wrong.size:
        index = int(wrong[0]) + 2
        raise PhotonicsError(
            f"{source}: frequency {index} ({frequency[index - 1]:.9g} Hz) repeats the one before it or turns back; "
            "sort the rows by frequency and keep each once"
        )


def _check_amplitudes(frequency: NDArray[np.float64], s: NDArray[np.complex128], source: str) -> None:
    with np.errstate(over="ignore"):
        wrong = np.argwhere(~(np.abs(s) <= _LARGEST))  # NaN is wrong too
    if wrong.size:
        index, out, into = (int(i) for i in wrong[0])
        value = s[index, out, into]
        what = f"of magnitude {abs(value):.3g}" if np.isfinite(value) else "not a finite number"
        raise PhotonicsError(
            f"{source}: S{out + 1}{into + 1} at {frequency[index] / 1e12:.6g} THz is {what}; is the file complete, and "
            "has it as many ports as it says?"
        )


@dataclass(frozen=True)
class Passivity:
    """The largest singular value of S over all frequencies: above 1, the part gives more power than it takes.

    `port` is the input, counted from 1, that has the largest share in the excitation that does so.
    """

    value: float
    frequency_hz: float
    port: int

    def holds(self, tolerance: float = 1e-6) -> bool:
        """Whether no power is made, up to rounding in the file."""
        return self.value <= 1 + tolerance


@dataclass(frozen=True)
class Reciprocity:
    """The largest |S - S^T| over all frequencies, and between which ports (counted from 1) it is."""

    value: float
    frequency_hz: float
    ports: tuple[int, int]

    def holds(self, tolerance: float = 1e-3) -> bool:
        """Whether the way back is the way there; the tolerance is -60 dB, what careful measurements reach."""
        return self.value <= tolerance


def passivity(parameters: SParameters) -> Passivity:
    """Where `parameters` come nearest to making power, or make most of it."""
    _, singular, right = np.linalg.svd(parameters.s)
    worst = int(np.argmax(singular[:, 0]))
    port = 1 + int(np.argmax(np.abs(right[worst, 0])))
    return Passivity(float(singular[worst, 0]), float(parameters.frequency_hz[worst]), port)


def reciprocity(parameters: SParameters) -> Reciprocity:
    """Where `parameters` are farthest from their transpose."""
    difference = np.abs(parameters.s - parameters.s.swapaxes(-1, -2))
    worst, out, into = (int(i) for i in np.unravel_index(int(np.argmax(difference)), difference.shape))
    return Reciprocity(float(difference.max()), float(parameters.frequency_hz[worst]), (out + 1, into + 1))
