"""Data sets by name: what is in them, which files are accepted, and what is said of those that are not."""

from __future__ import annotations

import gzip
import hashlib
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch
from numpy.typing import NDArray

from photonics_sim import datasets
from photonics_sim.datasets import _load
from photonics_sim.datasets._idx import parse_idx
from photonics_sim.datasets._registry import Entry, SourceFile, lookup
from photonics_sim.errors import PhotonicsError


def idx(array: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def source(name: str, raw: bytes) -> SourceFile:
    packed = gzip.compress(raw, mtime=0)
    sha256, md5 = hashlib.sha256(packed).hexdigest(), hashlib.md5(raw).hexdigest()
    return SourceFile(name, len(packed), sha256, len(raw), md5)


@pytest.fixture
def contents() -> dict[str, bytes]:
    rng = np.random.default_rng(1)

    def pair(n: int) -> tuple[bytes, bytes]:
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        images[:, 0, 0] = np.arange(n)
        return idx(images), idx(np.arange(n, dtype=np.uint8) % 10)

    train_images, train_labels = pair(40)
    test_images, test_labels = pair(20)
    return {
        "train_images": train_images,
        "train_labels": train_labels,
        "test_images": test_images,
        "test_labels": test_labels,
    }


@pytest.fixture
def entry(contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Entry:
    real = lookup("fashion-mnist")
    files = {role: source(real.files[role].name, raw) for role, raw in contents.items()}
    fake = replace(real, files=files, validation=8, mirrors=("http://one.invalid/", "http://two.invalid/"))
    monkeypatch.setattr(_load, "lookup", lambda name: fake)
    monkeypatch.delenv("PHOTONICS_SIM_DATA", raising=False)
    return fake


def put(folder: Path, entry: Entry, contents: dict[str, bytes], *, packed: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for role, file in entry.files.items():
        name, data = (file.name, gzip.compress(contents[role], mtime=0)) if packed else (file.raw_name, contents[role])
        (folder / name).write_bytes(data)
    return folder


def test_names_lists_the_registry() -> None:
    assert datasets.names() == ["digits", "mnist", "fashion-mnist", "svhn", "cifar-10", "shakespeare"]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_registry_states_hashes_sizes_licence_and_citation(name: str) -> None:
    entry = lookup(name)
    assert entry.pooled_side == 14
    assert entry.licence
    assert "author" in entry.citation
    assert len(entry.classes) == 10
    assert set(entry.files) == {"train_images", "train_labels", "test_images", "test_labels"}
    assert entry.files["train_images"].raw_bytes == 16 + 60000 * 28 * 28
    for file in entry.files.values():
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert re.fullmatch(r"[0-9a-f]{32}", file.md5)


@pytest.mark.parametrize("name", ["svhn", "cifar-10", "shakespeare"])
def test_files_that_count_as_they_are_need_one_hash(name: str) -> None:
    entry = lookup(name)
    assert entry.licence
    assert "author" in entry.citation
    for file in entry.files.values():
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.bytes > 10**6
        assert not file.gzipped
        assert file.raw_name == file.name


def test_digits_are_scaled_and_split_evenly_over_the_classes() -> None:
    digits = datasets.load("digits")
    assert (digits.shape, digits.features, digits.outputs) == ((8, 8), 64, 10)
    assert digits.train.inputs.dtype == torch.float32
    assert digits.train.targets.dtype == torch.int64
    assert float(digits.train.inputs.min()) == 0
    assert float(digits.train.inputs.max()) == 1
    total = sum(len(part) for part in digits.parts.values())
    assert total == 1797
    for part, share in ((digits.train, 0.7), (digits.validation, 0.1), (digits.test, 0.2)):
        counts = torch.bincount(part.targets, minlength=10)
        assert len(part) / total == pytest.approx(share, abs=0.01)
        assert int(counts.max() - counts.min()) <= 0.05 * total * share
    assert repr(digits) == (
        f"Dataset('digits', classification: {len(digits.train)} + {len(digits.validation)} + "
        f"{len(digits.test)} samples of (8, 8), 10 classes)"
    )
    assert repr(digits.test) == f"Part({len(digits.test)} samples of (8, 8))"


def test_digest_tells_contents_apart() -> None:
    one, two = datasets.load("digits"), datasets.load("digits")
    assert one.digest == two.digest
    changed = two.train.inputs.clone()
    changed[3, 4, 5] += 1e-3
    assert replace(two, train=datasets.Part(changed, two.train.targets)).digest != one.digest
    assert replace(two, train=two.test, test=two.train).digest != one.digest


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["", "fashion-mnist", "fashion_mnist"])
def test_files_are_found_packed_or_not_also_in_a_folder_of_the_name(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes], packed: bool, below: str
) -> None:
    put(tmp_path / below, entry, contents, packed=packed)
    dataset = datasets.load("fashion-mnist", tmp_path)
    assert [len(part) for part in dataset.parts.values()] == [32, 8, 20]
    assert dataset.pooled_side == 14
    assert dataset.classes[9] == "Ankle boot"
    raw = np.frombuffer(contents["test_images"], np.uint8, offset=16).reshape(20, 28, 28)
    np.testing.assert_array_equal(dataset.test.inputs.numpy(), (raw / np.float32(255)).astype(np.float32))
    first = torch.cat([dataset.train.inputs, dataset.validation.inputs])[:, 0, 0] * 255
    assert sorted(first.round().int().tolist()) == list(range(40))


def test_the_environment_names_the_folder_when_root_does_not(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "data", entry, contents)
    monkeypatch.setenv("PHOTONICS_SIM_DATA", str(tmp_path / "data"))
    assert len(datasets.load("fashion-mnist").test) == 20
    with pytest.raises(PhotonicsError, match="not found"):
        datasets.load("fashion-mnist", tmp_path / "elsewhere")


def test_the_folder_of_the_name_goes_before_files_of_another_set(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes]
) -> None:
    put(tmp_path, entry, dict.fromkeys(contents, b"another set"))
    put(tmp_path / "fashion-mnist", entry, contents)
    assert len(datasets.load("fashion-mnist", tmp_path).test) == 20


def test_a_repacked_file_is_accepted_by_its_content(tmp_path: Path, entry: Entry, contents: dict[str, bytes]) -> None:
    put(tmp_path, entry, contents)
    (tmp_path / entry.files["train_images"].name).write_bytes(
        gzip.compress(contents["train_images"], compresslevel=1, mtime=7)
    )
    assert len(datasets.load("fashion-mnist", tmp_path).train) == 32


def test_missing_files_are_listed_with_the_folders_looked_in(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes]
) -> None:
    put(tmp_path, entry, contents)
    (tmp_path / entry.files["test_labels"].name).unlink()
    with pytest.raises(PhotonicsError, match=r"t10k-labels.*not found.*fashion_mnist.*--data-dir") as caught:
        datasets.load("fashion-mnist", tmp_path)
    assert "train-images" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_file_is_refused_with_both_hashes_and_left_alone(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes]
) -> None:
    put(tmp_path, entry, contents)
    file = entry.files["test_images"]
    wrong = contents["test_images"][:-1] + b"!"
    (tmp_path / file.name).write_bytes(gzip.compress(wrong))
    with pytest.raises(PhotonicsError, match="is not the published file") as caught:
        datasets.load("fashion-mnist", tmp_path)
    for text in (file.name, file.md5, file.sha256, hashlib.md5(wrong).hexdigest()):
        assert text in str(caught.value)
    assert gzip.decompress((tmp_path / file.name).read_bytes()) == wrong


def test_a_wrong_unpacked_file_is_refused(tmp_path: Path, entry: Entry, contents: dict[str, bytes]) -> None:
    put(tmp_path, entry, contents, packed=False)
    file = entry.files["train_labels"]
    (tmp_path / file.raw_name).write_bytes(contents["train_labels"][:-3])
    with pytest.raises(PhotonicsError, match=rf"{file.raw_name} is not the published.*expected {file.md5}"):
        datasets.load("fashion-mnist", tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda packed, raw: packed[:-20], "is truncated: sha256"),
        (lambda packed, raw: b"<html>moved</html>", "is damaged or no gzip file: sha256"),
        (lambda packed, raw: gzip.compress(bytes(10 * len(raw))), "expands beyond 15696 bytes"),
        (lambda packed, raw: bytes(2 * len(raw)), r"has 31392 bytes, t10k-images-idx3-ubyte.gz at most"),
    ],
)
def test_a_spoiled_packed_file_is_refused(
    tmp_path: Path,
    entry: Entry,
    contents: dict[str, bytes],
    spoil: Callable[[bytes, bytes], bytes],
    message: str,
) -> None:
    put(tmp_path, entry, contents)
    path = tmp_path / entry.files["test_images"].name
    path.write_bytes(spoil(path.read_bytes(), contents["test_images"]))
    with pytest.raises(PhotonicsError, match=message) as caught:
        datasets.load("fashion-mnist", tmp_path)
    assert str(path) in str(caught.value)


def test_mirrors_are_tried_in_order(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, entry, contents)
    asked: list[str] = []

    def retrieve(url: str, known_hash: str, fname: str, path: Path, downloader: object) -> str:
        asked.append(url)
        assert known_hash in {f"sha256:{file.sha256}" for file in entry.files.values()}
        if url.startswith("http://one.invalid/"):
            raise OSError("no route")
        return str(tmp_path / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert len(datasets.load("fashion-mnist").test) == 20
    name = entry.files["train_images"].name
    assert asked[:2] == [f"http://one.invalid/{name}", f"http://two.invalid/{name}"]


def test_when_no_mirror_answers_all_addresses_and_the_way_out_are_named(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def retrieve(url: str, **_: object) -> str:
        raise ValueError("SHA256 hash does not match\n" + "x" * 300)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(PhotonicsError, match="--data-dir or PHOTONICS_SIM_DATA") as caught:
        datasets.load("fashion-mnist")
    message = str(caught.value)
    assert "http://one.invalid/train-images" in message
    assert "http://two.invalid/train-images" in message
    assert "\n" not in message
    assert len(message) < 700


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fashon-mnist", "did you mean fashion-mnist"),
        ("mine.npz", "for a file of your own call load_file"),
        ("mine.txt", "for a text of your own call load_text"),
        ("cifar10", "did you mean cifar-10"),
        ("", "there are digits, mnist, fashion-mnist, svhn, cifar-10, shakespeare$"),
    ],
)
def test_unknown_names_get_help(name: str, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        datasets.load(name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x00\x08", "fewer than an IDX header"),
        (struct.pack(">4B3I", 0, 0, 13, 3, 1, 1, 1) + b"1", "starts with 00000d03"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2, 2, 2) + b"1234567", r"declares shape \(2, 2, 2\) and holds 7"),
    ],
)
def test_idx_headers_are_checked(content: bytes, message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        parse_idx(content, 3, "images")


def test_images_and_labels_have_to_be_as_many(
    tmp_path: Path, entry: Entry, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    contents["test_labels"] = idx(np.zeros(19, dtype=np.uint8))
    files = entry.files | {"test_labels": source("t10k-labels-idx1-ubyte.gz", contents["test_labels"])}
    fake = replace(entry, files=files)
    monkeypatch.setattr(_load, "lookup", lambda name: fake)
    put(tmp_path, fake, contents)
    with pytest.raises(PhotonicsError, match="20 test images but 19 labels"):
        datasets.load("fashion-mnist", tmp_path)


def test_names_loads_neither_torch_nor_scipy_nor_sklearn() -> None:
    script = (
        "from photonics_sim.datasets import names; names(); import sys; "
        "print([m for m in ('torch', 'sklearn', 'scipy', 'pooch') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=_root())
    assert result.stdout.strip() == "[]"


def _root() -> Path:
    return Path(__file__).parents[3]
