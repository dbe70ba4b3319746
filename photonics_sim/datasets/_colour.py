"""Colour images as SVHN and CIFAR-10 publish them: a MATLAB file, and records of bytes in an archive."""

from __future__ import annotations

import io
import tarfile
import zlib

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError

Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
CLASSES = 10
FOLDER = "cifar-10-batches-bin"
LARGEST_BATCH = 10_000 * (1 + PIXELS)
TRAIN_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_BATCH = "test_batch.bin"


def parse_svhn(content: bytes, source: str) -> Labelled:
    """Read a MATLAB file of SVHN: X of shape (32, 32, 3, n) and y of shape (n, 1), where label 10 is the digit 0.

    Args:
        content: the file.
        source: how messages call it.

    Returns:
        Images (n, 3, 32, 32) and labels (n,).

    Raises:
        PhotonicsError: where it is no MATLAB file, or holds other arrays.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        arrays = loadmat(io.BytesIO(content), variable_names=("X", "y"))
    except (MatReadError, ValueError, TypeError, LookupError, NotImplementedError, OSError, zlib.error) as error:
        raise PhotonicsError(f"{source} is damaged or no MATLAB file; fetch it again") from error
    pixels, labels = (np.asarray(arrays.get(name, ())) for name in ("X", "y"))
    fits = pixels.shape[:-1] == (*SHAPE[1:], SHAPE[0]) and labels.size == pixels.shape[-1] and pixels.dtype == np.uint8
    if not fits or not labels.size or labels.min() < 1 or labels.max() > CLASSES:
        raise PhotonicsError(
            f"{source} holds X of shape {pixels.shape} ({pixels.dtype}) and y of shape {labels.shape}, expected bytes "
            "(32, 32, 3, n) and labels 1..10 (n, 1); fetch it again"
        )
    return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), (labels.ravel() % CLASSES).astype(np.uint8)


def parse_cifar(content: bytes, source: str) -> tuple[Labelled, Labelled]:
    """Read the archive of CIFAR-10's binary version: five training batches and a test batch, in memory alone.

    Args:
        content: the .tar.gz file.
        source: how messages call it.

    Returns:
        Images (n, 3, 32, 32) and labels (n,), of the training batches in their order and of the test batch.

    Raises:
        PhotonicsError: where it is no archive, or a batch is missing or no whole number of records.
    """
    batches: dict[str, Labelled] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                folder, _, name = member.name.rpartition("/")
                wanted = folder == FOLDER and name in (*TRAIN_BATCHES, TEST_BATCH)
                file = archive.extractfile(member) if wanted and member.isfile() else None
                if file is not None:
                    # one byte more than allowed shows a batch that expands too far
                    batches[name] = _records(file.read(LARGEST_BATCH + 1), f"{source}/{name}")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise PhotonicsError(f"{source} is damaged or no .tar.gz archive; fetch it again") from error
    missing = [name for name in (*TRAIN_BATCHES, TEST_BATCH) if name not in batches]
    if missing:
        raise PhotonicsError(f"{source} holds no {', '.join(missing)}; fetch it again")
    train = [batches[name] for name in TRAIN_BATCHES]
    images, labels = (np.concatenate([batch[part] for batch in train]) for part in range(2))
    return (images, labels), batches[TEST_BATCH]


def _records(content: bytes, source: str) -> Labelled:
    """Records of one byte for the label and 3072 for the pixels, channel by channel and row by row."""
    if not content or len(content) % (1 + PIXELS):
        raise PhotonicsError(f"{source} has {len(content)} bytes, no multiple of {1 + PIXELS}; fetch it again")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, 1 + PIXELS)
    labels = records[:, 0]
    if labels.max() >= CLASSES:
        raise PhotonicsError(f"{source} holds label {labels.max()}, expected 0..9; fetch it again")
    return records[:, 1:].reshape(-1, *SHAPE), labels
