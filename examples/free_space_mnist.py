"""Handwritten digits with one layer of light: the free-space scatterer on MNIST (14 x 14 pixels, R = 1, trained S).

RESULTS_PLACEHOLDER

    python examples/free_space_mnist.py --data-dir FOLDER_WITH_THE_MNIST_FILES
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

import photonics_sim as ps
from photonics_sim.device import build_device, load_card
from photonics_sim.plots import RUN_FIGURES
from photonics_sim.training import fit_card

SETTINGS = {
    "epochs": 24,
    "batch_size": 256,
    "learning_rate": 0.03,
    "label_smoothing": 0.1,
    "shift_px": 1.0,
    "rotate_deg": 10.0,
    "zoom": 0.1,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", default="mnist", help="mnist, fashion-mnist, or digits for a quick look")
    parser.add_argument("--data-dir", type=Path, help="folder of the data set's files; downloaded if left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--copies", type=int, default=1, help="R")
    parser.add_argument("--epochs", type=int, default=SETTINGS["epochs"])
    parser.add_argument("--out", type=Path, default=Path("runs/free-space-mnist"))
    options = parser.parse_args()
    dataset = ps.datasets.load(options.data, root=options.data_dir)
    # a coarse solver (field to 1 %) is finer than the noise of a batch's gradient; evaluation is exact below
    card = fit_card(load_card("free-space-scatterer", {"tolerance": 0.01, "copies": options.copies}), dataset)
    scores = []
    for seed in options.seeds:
        run = ps.train(
            build_device(card, seed=seed),
            dataset,
            source=options.data,
            root=options.data_dir,
            out=options.out.with_name(f"{options.out.name}-{seed}"),
            seed=seed,
            **SETTINGS | {"epochs": options.epochs},
        )
        if run.state != "finished":
            print(f"stopped; `photonics-sim resume {run.path}` goes on")
            return
        exact = ps.load_trained(run, {"tolerance": 1e-6})
        score = ps.evaluate(exact, dataset).score
        scores.append(score)
        figure = run.path / "light.png"
        RUN_FIGURES["light"](run).write(figure)
        print(f"seed {seed}: test accuracy {100 * score:.2f} %, {run.summary['training_seconds']:.0f} s, {figure}")
        print(f"report: {ps.report(run)}")
    spread = np.std(scores, ddof=1) if len(scores) > 1 else float("nan")
    print(f"mean of {len(scores)}: {100 * np.mean(scores):.2f} %, standard deviation {100 * spread:.2f} %")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
