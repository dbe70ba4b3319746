"""Colour images from small files of the published formats."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat

from photonics_sim import datasets
from photonics_sim.datasets import _load
from photonics_sim.datasets._colour import parse_cifar, parse_svhn
from photonics_sim.datasets._registry import SourceFile, lookup
from photonics_sim.errors import PhotonicsError

Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def images(n: int, seed: int) -> Labelled:
    """Images (n, 3, 32, 32), each with its own number in its first pixel, and labels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)
    pixels[:, 0, 0, 0] = np.arange(n)
    return pixels, (np.arange(n) % 10).astype(np.uint8)


def mat(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    savemat(file, {"X": pixels.transpose(2, 3, 1, 0), "y": np.where(labels == 0, 10, labels)[:, None]})
    return file.getvalue()


def archive(batches: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return file.getvalue()


def records(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    return np.column_stack([labels, pixels.reshape(len(pixels), -1)]).tobytes()


def batches() -> dict[str, bytes]:
    """A readable file and six batches, not in the order of their numbers."""
    pixels, labels = images(50, 0)
    found = {"readme.html": b"hello", "test_batch.bin": records(*images(20, 1))}
    for number in (3, 1, 5, 2, 4):
        own = slice(10 * number - 10, 10 * number)
        found[f"data_batch_{number}.bin"] = records(pixels[own], labels[own])
    return found


def put(folder: Path, name: str, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    real = lookup(name)
    files = {
        role: SourceFile(real.files[role].name, len(content), hashlib.sha256(content).hexdigest())
        for role, content in contents.items()
    }
    entry = replace(real, files=files, validation=8)
    monkeypatch.setattr(_load, "lookup", lambda _: entry)
    for role, file in files.items():
        (folder / file.name).write_bytes(contents[role])


@pytest.mark.parametrize("name", ["svhn", "cifar-10"])
def test_images_keep_their_pixels_channels_and_labels(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = images(50, 0), images(20, 1)
    contents = {"train": mat(*train), "test": mat(*test)} if name == "svhn" else {"archive": archive(batches())}
    put(tmp_path, name, contents, monkeypatch)
    dataset = datasets.load(name, tmp_path)
    assert [len(part) for part in dataset.parts.values()] == [42, 8, 20]
    assert (dataset.shape, dataset.outputs, dataset.features) == ((3, 32, 32), 10, 3072)
    assert datasets.fit_pipeline(dataset).features == 3 * 8 * 8
    np.testing.assert_array_equal(dataset.test.inputs.numpy(), test[0] / np.float32(255))
    assert dataset.test.targets.tolist() == test[1].tolist()
    for part in (dataset.train, dataset.validation):
        assert part.inputs.is_contiguous()
        numbers = (part.inputs[:, 0, 0, 0] * 255).round().long()
        assert numbers.tolist() == sorted(numbers.tolist())
        assert torch.equal(part.targets, numbers % 10)
        torch.testing.assert_close(part.inputs * 255, torch.from_numpy(train[0])[numbers].float())


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "cifar-10", {"archive": archive(batches())}, monkeypatch)
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(PhotonicsError, match=r"cifar-10-binary.tar.gz is not the published file: sha256"):
        datasets.load("cifar-10", tmp_path)


def test_an_archive_that_lacks_a_batch_or_part_of_one_is_refused() -> None:
    found = batches()
    with pytest.raises(PhotonicsError, match=r"archive/data_batch_2.bin has 30729 bytes, no multiple of 3073"):
        parse_cifar(archive(found | {"data_batch_2.bin": found["data_batch_2.bin"][:-1]}), "archive")
    with pytest.raises(PhotonicsError, match=r"label 10, expected 0..9"):
        parse_cifar(archive(found | {"test_batch.bin": bytes([10] * 3073)}), "archive")
    del found["data_batch_4.bin"], found["test_batch.bin"]
    with pytest.raises(PhotonicsError, match=r"holds no data_batch_4.bin, test_batch.bin"):
        parse_cifar(archive(found), "archive")
    for broken in (b"no archive", archive(batches())[:2000]):
        with pytest.raises(PhotonicsError, match=r"archive is damaged or no \.tar\.gz"):
            parse_cifar(broken, "archive")


def test_matlab_files_of_another_content_are_refused() -> None:
    pixels, labels = images(5, 0)
    with pytest.raises(PhotonicsError, match="train is damaged or no MATLAB file"):
        parse_svhn(b"<html>moved</html>" * 20, "train")
    with pytest.raises(PhotonicsError, match=r"y of shape \(4, 1\), expected"):
        parse_svhn(mat(pixels, labels[:4]), "train")
    with pytest.raises(PhotonicsError, match=r"labels 1\.\.10"):
        parse_svhn(mat(pixels, labels + 8), "train")
    file = io.BytesIO()
    savemat(file, {"Z": pixels})
    with pytest.raises(PhotonicsError, match=r"holds X of shape \(0,\)"):
        parse_svhn(file.getvalue(), "train")
