"""Write the sample data sets of this folder again: python data/make_samples.py

Both come with scikit-learn: Fisher's iris measurements (1936; public domain) and the diabetes study of Efron et al.
(Least Angle Regression, Annals of Statistics 32, 407, 2004).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from sklearn.datasets import load_diabetes, load_iris

HERE = Path(__file__).parent


def main() -> None:
    iris = load_iris()
    np.savez_compressed(HERE / "iris.npz", inputs=iris.data, targets=iris.target, classes=iris.target_names)
    diabetes = load_diabetes()
    with h5py.File(HERE / "diabetes.h5", "w") as file:
        file.create_dataset("inputs", data=diabetes.data, compression="gzip")
        file.create_dataset("targets", data=diabetes.target, compression="gzip")
        file.create_dataset("classes", data=np.array(["progression after a year"], dtype="S"))


if __name__ == "__main__":
    main()
