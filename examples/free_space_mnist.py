"""Handwritten digits with one layer of light: the free-space scatterer on MNIST (14 x 14 pixels, R = 1, trained S).

The same training from the command line, which gave the figures below (seeds 0 and 1):

    photonics-sim train free-space-scatterer --data mnist --data-dir FOLDER --epochs 24 --batch 256 --lr 0.03
        --label-smoothing 0.1 --shift-px 1 --rotate-deg 10 --zoom 0.1 --set tolerance=0.01 --seed 0

| | validation | test (10 000) | test, 20 chips with lambda/100 phase error | training time |
|---|---|---|---|---|
| seed 0 | 98.05 % | 98.57 % (exact solver 98.54 %) | 98.54 % | 23 min |
| seed 1 | 98.00 % | 98.49 % (exact solver 98.51 %) | 98.50 % | 23 min |

Both seeds ran side by side on a shared two-core machine (AMD EPYC, AVX2), one thread each, torch 2.13.0. Every choice
was made on the 6000 validation images; the test part was read once a run, at the end. A shorter trial of other settings
(20 epochs, rate 0.05, rotation 8 degrees, zoom 0.08, seed 0) reached 97.93 % on validation and 98.40 % on the test
part. The paper's code reports 97.98 % for this size, after 500 epochs of SGD without augmentation and with the epoch
chosen on the test set; ours trains with Adam, label smoothing and small random shifts, rotations and magnifications.
Without those, 10 epochs at rate 0.1 fit the training part to 99.0 % and stop at 97.1 % on validation: augmentation is
what makes the difference. "tolerance=0.01" lets the solver stop at a field that is right to 1 % while training; the
exact figures are in brackets.

Fashion-MNIST at the same size: seed 0, --epochs 16 --rotate-deg 5 --zoom 0.05 and the rest as above gave 89.43 % on
validation and 88.54 % on the test part in 15 minutes. The paper's code reports 89.42 %: not reproduced so far.

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
