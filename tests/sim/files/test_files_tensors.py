"""Arrays and notes in one file, back as they went in or not at all."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import read_tensors, write_tensors

NOTES: dict[str, Any] = {"epoch": 3, "best": 0.125, "names": ["grüße", "b"], "nested": {"a": None, "b": True}}
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "array",
    [
        np.float64(2.5),
        np.array(7, dtype=np.int64),
        np.array([2**62, -(2**63)], dtype=np.int64),
        np.zeros((0, 3)),
        RNG.normal(size=(3, 4, 5)).astype(np.float32),
        RNG.normal(size=(4, 6)).T,
        np.asfortranarray(RNG.normal(size=(3, 4))),
        RNG.normal(size=(8, 3))[::2],
        np.array([True, False]),
        np.arange(5, dtype=np.uint8),
        np.array([np.nan, np.inf, -0.0, 5e-324]),
        np.arange(3, dtype=">f8"),
    ],
    ids=lambda a: f"{a.dtype.str}{a.shape}",
)
def test_every_array_comes_back_as_it_went_in(array: Any, tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": array}, {})
    found, notes = read_tensors(tmp_path / "a")
    assert list(found) == ["x"]
    assert notes == {}
    assert found["x"].shape == array.shape
    assert found["x"].dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(found["x"], array, equal_nan=array.dtype.kind == "f")
    assert np.array_equal(np.signbit(found["x"]), np.signbit(array)) if array.dtype.kind == "f" else True


def test_notes_come_back(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.ones(2), "y/z.w": np.zeros(1)}, NOTES)
    found, notes = read_tensors(tmp_path / "a")
    assert notes == NOTES
    assert set(found) == {"x", "y/z.w"}


def test_no_arrays_at_all(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {}, NOTES)
    assert read_tensors(tmp_path / "a") == ({}, NOTES)


def test_a_file_of_others_has_no_notes(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "a").write_bytes(struct.pack("<Q", len(header)) + header + np.array([1, 2], dtype="<f4").tobytes())
    found, notes = read_tensors(tmp_path / "a")
    assert found["a"].tolist() == [1.0, 2.0]
    assert notes == {}


def test_what_is_read_does_not_depend_on_the_file_any_more(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.arange(1000.0)}, {})
    found, _ = read_tensors(tmp_path / "a")
    write_tensors(tmp_path / "a", {"x": np.zeros(1000)}, {})
    (tmp_path / "a").write_bytes(b"")
    assert np.array_equal(found["x"], np.arange(1000.0))


def test_a_file_of_another_kind_is_told(tmp_path: Path) -> None:
    for content in (b"hello", b"\x89HDF\r\n\x1a\n" * 10, b"\xff" * 100, struct.pack("<Q", 2) + b"[]"):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(PhotonicsError, match=r"is damaged or no safetensors file \(.*; expected a model"):
            read_tensors(tmp_path / "a", "a model")
    with pytest.raises(PhotonicsError, match="no such file; expected a model"):
        read_tensors(tmp_path / "b", "a model")


def lie(offsets: list[int], shape: list[int]) -> bytes:
    header = json.dumps({"a": {"dtype": "F64", "shape": shape, "data_offsets": offsets}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 16


@pytest.mark.parametrize(
    "content",
    [
        lie([0, 8 * 10**12], [10**12]),
        lie([8, 8], [1]),
        lie([0, 16], [3]),
        lie([0, 16], [2**40, 2**40]),
        lie([0, 8], [1]),
        struct.pack("<Q", 2**62) + b"{}",
    ],
)
def test_a_header_that_lies_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(PhotonicsError, match="is damaged"):
        read_tensors(tmp_path / "a")


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.arange(4.0), "y": np.ones((2, 2), dtype=np.float32)}, NOTES)
    content = (tmp_path / "a").read_bytes()
    for length in range(1, len(content)):
        (tmp_path / "a").write_bytes(content[:length])
        with pytest.raises(PhotonicsError, match="is damaged"):
            read_tensors(tmp_path / "a")


def test_flipped_bits_are_read_or_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.arange(4.0), "y": np.ones((2, 2), dtype=np.float32)}, NOTES)
    content = (tmp_path / "a").read_bytes()
    draw = random.Random(5)
    refused = 0
    for _ in range(400):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content) - 48)] ^= 1 << draw.randrange(8)  # the last 48 are the numbers
        (tmp_path / "a").write_bytes(damaged)
        try:
            read_tensors(tmp_path / "a")
        except PhotonicsError:
            refused += 1
    assert refused > 200
