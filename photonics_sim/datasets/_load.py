"""Data sets known by name."""

from __future__ import annotations

import os
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from photonics_sim.datasets._colour import Labelled, parse_cifar, parse_svhn
from photonics_sim.datasets._dataset import Dataset, Part, Task
from photonics_sim.datasets._fetch import read_files
from photonics_sim.datasets._idx import parse_idx
from photonics_sim.datasets._registry import Entry, lookup
from photonics_sim.datasets._split import TEST, TRAIN, VALIDATION, deal, hold_out
from photonics_sim.datasets._text import text_dataset
from photonics_sim.errors import PhotonicsError


def load(name: str, root: str | os.PathLike[str] | None = None) -> Dataset:
    """Load a data set by name, with pixels scaled to 0..1.

    The parts are fixed: the official test part where there is one (a fixed number of training images, about a tenth,
    are then the validation part), else 70 / 10 / 20 % of each class; for shakespeare those of `load_text`.

    Args:
        name: one of `names()`.
        root: folder that holds the files, packed or unpacked, itself or in a folder called like the data set.
            None looks at the environment variable PHOTONICS_SIM_DATA; where that is not set either, the files
            are downloaded once and kept in the user's cache. Not needed for digits: scikit-learn has them.

    Returns:
        Images in ten classes, of shape (8, 8) for digits, (28, 28) for mnist and fashion-mnist and (3, 32, 32) for
        svhn and cifar-10; windows of 64 characters, each followed by one of 65, for shakespeare.

    Raises:
        PhotonicsError: where the name is unknown, files are missing or fail their checksums, or no mirror
            answers.
    """
    entry = lookup(name)
    return _READERS[entry.format](entry, read_files(entry, root) if entry.files else {})


def _digits(entry: Entry, _: dict[str, bytes]) -> Dataset:
    from sklearn.datasets import load_digits

    bundle = load_digits()
    images, labels = bundle.images, bundle.target
    codes = deal(labels, with_test=True)
    parts = [_part(images[codes == code], labels[codes == code], 16) for code in (TRAIN, VALIDATION, TEST)]
    return _dataset(entry, *parts)


def _idx(entry: Entry, contents: dict[str, bytes]) -> Dataset:
    return _official(entry, _idx_pair(entry, contents, "train"), _idx_pair(entry, contents, "test"))


def _idx_pair(entry: Entry, contents: dict[str, bytes], part: str) -> Labelled:
    images_role, labels_role = f"{part}_images", f"{part}_labels"
    images = parse_idx(contents[images_role], 3, f"{entry.name}/{entry.files[images_role].name}")
    labels = parse_idx(contents[labels_role], 1, f"{entry.name}/{entry.files[labels_role].name}")
    if len(images) != len(labels):
        raise PhotonicsError(
            f"{entry.name}: {len(images)} {part} images but {len(labels)} labels; fetch the files again"
        )
    return images, labels


def _svhn(entry: Entry, contents: dict[str, bytes]) -> Dataset:
    # each file leaves the memory before the pixels become floats
    return _official(entry, *(parse_svhn(contents.pop(role), entry.files[role].name) for role in ("train", "test")))


def _cifar(entry: Entry, contents: dict[str, bytes]) -> Dataset:
    return _official(entry, *parse_cifar(contents.pop("archive"), entry.files["archive"].name))


def _text(entry: Entry, contents: dict[str, bytes]) -> Dataset:
    text = contents["text"].decode("utf-8")
    return text_dataset(text, name=entry.name, where=entry.name, licence=entry.licence, citation=entry.citation)


_READERS = {"digits": _digits, "idx": _idx, "svhn": _svhn, "cifar-10": _cifar, "text": _text}


def _official(entry: Entry, train: Labelled, test: Labelled) -> Dataset:
    """Parts of a data set with a test part of its own; some training images become the validation part."""
    images, labels = train
    codes = hold_out(len(images), entry.validation)
    learned, validation = (_part(images[codes == code], labels[codes == code], 255) for code in (TRAIN, VALIDATION))
    return _dataset(entry, learned, validation, _part(*test, 255))


def _part(images: NDArray[np.generic], labels: NDArray[np.generic], white: int) -> Part:
    pixels = images.astype(np.float32)
    pixels /= np.float32(white)
    return Part(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)))


def _dataset(entry: Entry, train: Part, validation: Part, test: Part) -> Dataset:
    return Dataset(
        name=entry.name,
        task=cast(Task, entry.task),
        train=train,
        validation=validation,
        test=test,
        classes=entry.classes,
        licence=entry.licence,
        citation=entry.citation,
        pooled_side=entry.pooled_side,
    )
