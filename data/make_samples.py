"""Write the samples of this folder again: python data/make_samples.py

The coupler is computed. The data sets come with scikit-learn: Fisher's iris measurements (1936; public domain) and the
diabetes study of Efron et al. (Least Angle Regression, Annals of Statistics 32, 407, 2004).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from sklearn.datasets import load_diabetes, load_iris

HERE = Path(__file__).parent
LIGHT_M_PER_S = 299_792_458.0


def main() -> None:
    iris = load_iris()
    np.savez_compressed(HERE / "iris.npz", inputs=iris.data, targets=iris.target, classes=iris.target_names)
    diabetes = load_diabetes()
    with h5py.File(HERE / "diabetes.h5", "w") as file:
        file.create_dataset("inputs", data=diabetes.data, compression="gzip")
        file.create_dataset("targets", data=diabetes.target, compression="gzip")
        file.create_dataset("classes", data=np.array(["progression after a year"], dtype="S"))
    (HERE / "coupler.s4p").write_text(coupler_as_touchstone(), encoding="ascii", newline="\n")


def coupler_as_touchstone() -> str:
    """A directional coupler as a Touchstone file: ports 1, 2 in, ports 3, 4 out, 1 to 3 straight through.

    Two modes that couple by C per metre over a length L exchange the power sin(C L)^2, more for longer waves. The
    part loses 0.1 dB and reflects -40 dB at each port.
    """
    lines = ["! directional coupler, analytic: made by data/make_samples.py", "# Hz S RI R 50"]
    for frequency in np.linspace(191e12, 196e12, 26):
        wavelength = LIGHT_M_PER_S / frequency
        detuning = wavelength / 1550e-9 - 1
        turn = np.arcsin(np.sqrt(0.487)) * (1 + 6.2 * detuning)
        delay = 2 * np.pi * (2.4 - 1.8 * detuning) * 20e-6 / wavelength
        through = 10 ** (-0.1 / 20) * np.exp(1j * delay)
        s = 0.01 * np.exp(1.7j * delay) * np.eye(4)
        s[2:, :2] = s[:2, 2:] = through * np.array(
            [[np.cos(turn), 1j * np.sin(turn)], [1j * np.sin(turn), np.cos(turn)]]
        )
        rows = [" ".join(f"{part:+.9f}" for value in row for part in (value.real, value.imag)) for row in s + 0.0]
        lines += [f"{frequency:.0f} {rows[0]}", *rows[1:]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
