"""The door: what a hostile, damaged or careless file may hold, and that it does not get in."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_h5, read_npz, read_toml, require_file


def h5(path: Path, fill: Callable[[h5py.File], object]) -> Path:
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "d", (4,))
    file.create_virtual_dataset("a", layout)


def nested(depth: int) -> Callable[[h5py.File], None]:
    def fill(file: h5py.File) -> None:
        file.create_group("/".join("g" * depth))

    return fill


RECORD = np.dtype([("name", h5py.string_dtype()), ("value", "f8")])
REFUSED: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "external link": (lambda f: f.__setitem__("a", h5py.ExternalLink("/etc/passwd", "x")), "'a' is a link"),
    "soft link": (lambda f: f.__setitem__("a", h5py.SoftLink("/nowhere")), "'a' is a link"),
    "link in a group": (lambda f: f.create_group("g").__setitem__("a", h5py.SoftLink("/g")), "'a' is a link"),
    "external storage": (
        lambda f: f.create_dataset("a", (4,), "u1", external=[("/etc/passwd", 0, 4)]),
        "/a keeps its data in another file",
    ),
    "virtual data set": (virtual, "/a keeps its data in another file"),
    "text of any length": (
        lambda f: f.create_dataset("a", data=["x", "yy"]),
        "/a holds entries of variable length",
    ),
    "ragged": (lambda f: f.create_dataset("a", (2,), h5py.vlen_dtype("f8")), "variable length"),
    "references": (lambda f: f.create_dataset("a", (2,), h5py.ref_dtype), "variable length or objects"),
    "text in records": (lambda f: f.create_dataset("a", (2,), RECORD), "variable length"),
    "deep in a group": (lambda f: f.create_dataset("g/h/a", (2,), h5py.ref_dtype), "/g/h/a holds"),
    "named type": (lambda f: f.__setitem__("a", np.dtype("f8")), "neither a group nor a data set"),
    "8 TB of nothing": (
        lambda f: f.create_dataset("a", (10**12,), "f8", chunks=(1000,)),
        r"declares 8e\+12 bytes and stores 1",
    ),
    "1 GB of nothing": (
        lambda f: f.create_dataset("a", (2**27,), "f8"),
        r"declares 1.07e\+09 bytes and stores 1",
    ),
    "zipped zeros": (
        lambda f: f.create_dataset("a", data=np.zeros(10**6), chunks=(10**6,), compression="gzip", compression_opts=9),
        r"declares 8e\+06 bytes and stores 7",
    ),
    "nine deep": (nested(9), "nested deeper than 8"),
    "a loop": (lambda f: f.create_group("g").__setitem__("up", f["/"]), "linked more than once"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_h5_that_lies_or_points_elsewhere_is_refused(case: str, tmp_path: Path) -> None:
    fill, message = REFUSED[case]
    path = h5(tmp_path / "a.h5", fill)
    with pytest.raises(PhotonicsError, match=message) as caught, open_h5(path):
        pass
    assert str(path) in str(caught.value)


def test_honest_h5_is_opened_and_closed(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))

    def fill(file: h5py.File) -> None:
        file.create_dataset("g/values", data=values, compression="gzip")
        file["names"] = np.array(["one", "two"], dtype="S")
        file["zeros"] = np.zeros(1000)
        file["none"] = np.zeros((0, 3))
        file["number"] = 2.5
        nested(8)(file)

    with open_h5(h5(tmp_path / "a.h5", fill)) as file:
        assert np.array_equal(file["g/values"][...], values)
        assert file["names"][...].tolist() == [b"one", b"two"]
        assert file["number"][()] == 2.5
        assert file.mode == "r"
    assert not file


def test_h5_cut_short_or_of_another_kind(tmp_path: Path) -> None:
    path = h5(tmp_path / "a.h5", lambda f: f.create_dataset("a", data=np.arange(1000.0)))
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:100], content[:-1], b"hello\n" * 100, content[8:]):
        path.write_bytes(damaged)
        message = r"a\.h5 is damaged or no HDF5 file; expected my data"
        with pytest.raises(PhotonicsError, match=message), open_h5(path, "my data"):
            pass


def test_h5_with_flipped_headers_is_opened_or_refused(tmp_path: Path) -> None:
    path = h5(tmp_path / "a.h5", lambda f: f.create_dataset("g/a", data=np.arange(10.0), compression="gzip"))
    content = path.read_bytes()
    draw = random.Random(3)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            with open_h5(path):
                pass
        except PhotonicsError:
            refused += 1
    assert refused > 5


@pytest.mark.parametrize("reader", [read_toml, read_npz, lambda path: open_h5(path).__enter__()])
def test_what_is_not_a_file_is_told_apart(reader: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path, message in (
        (tmp_path, "no such file"),
        (tmp_path / "none", "no such file"),
        (tmp_path / "empty" / "x", "no such file"),
        (tmp_path / "empty", "is empty"),
        (tmp_path / ("x" * 300), "cannot read .*name too long"),
        (Path("/dev/null"), "no such file"),
    ):
        with pytest.raises(PhotonicsError, match=message):
            reader(path)


def test_a_required_file_is_told_by_what_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"x: no such file; expected a card$"):
        require_file(tmp_path / "x", "a card")
    (tmp_path / "x").write_text("1")
    require_file(tmp_path / "x", "a card")


def test_toml_is_read_with_its_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("a = 1\r\n# grüße\n[b]\nc = [1.5, 'x']".encode())
    table, text = read_toml(tmp_path / "a")
    assert table == {"a": 1, "b": {"c": [1.5, "x"]}}
    assert "# grüße" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = \nb = 1\n", r"is not valid TOML: .*line 1, column"),
        (b"a = 1\nb = 1\na = 2\n", r"is not valid TOML: .*line 3"),
        (b"a = 1\n[a]\n", r"is not valid TOML: .*line 2"),
        (b'a = "\xff"', r"is not text in UTF-8 \(byte 5\); expected a card"),
        (b"\x89HDF\r\n\x1a\n", r"is not text in UTF-8 \(byte 0\)"),
        ("a = 1".encode("utf-16"), r"is not text in UTF-8"),
        (b"\x00\x01\x02", r"is not valid TOML"),
    ],
)
def test_bad_toml_is_told_with_its_place(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(PhotonicsError, match=message):
        read_toml(tmp_path / "a.toml", "a card")


ARRAYS = {"a": np.arange(20.0), "b": np.ones((3, 4), dtype=np.float32), "names": np.array(["x", "yy"])}


def test_npz_is_read_as_it_was_saved(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", **ARRAYS)  # type: ignore[arg-type]
    found = read_npz(tmp_path / "a.npz")
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


class Boom:
    """Makes the working directory's `boom` when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("boom",)


def test_a_pickle_never_runs(workplace: Path) -> None:
    np.savez("objects.npz", a=np.array([Boom()], dtype=object), allow_pickle=True)
    Path("bare.npz").write_bytes(pickle.dumps(Boom()))
    np.save("array.npy", np.array([Boom()], dtype=object), allow_pickle=True)
    for name in ("objects.npz", "bare.npz", "array.npy"):
        with pytest.raises(PhotonicsError, match=name):
            read_npz(Path(name))
    assert not Path("boom").exists()
    np.load("objects.npz", allow_pickle=True)["a"]
    assert Path("boom").exists(), "it would have run"


def bomb(path: Path, declared: int) -> None:
    """A small archive whose directory says that its one entry is `declared` bytes long."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * 1000)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", declared)
    path.write_bytes(content)


def test_an_npz_that_expands_too_far_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * 1000)
        archive.writestr("b.npy", b"\0" * 1000)
    content = bytearray(path.read_bytes())
    for mark in (content.index(b"PK\x01\x02"), content.rindex(b"PK\x01\x02")):
        content[mark + 24 : mark + 28] = struct.pack("<I", 3 * 2**30)
    path.write_bytes(content)
    with pytest.raises(PhotonicsError, match=r"would expand to 6\.0 GiB; the limit is 4 GiB"):
        read_npz(path)


def test_an_npz_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    bomb(tmp_path / "a.npz", 10)
    with pytest.raises(PhotonicsError, match="damaged"):
        read_npz(tmp_path / "a.npz")


def test_an_array_shorter_than_its_header_says_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(1000.0))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", buffer.getvalue()[:-800])
    with pytest.raises(PhotonicsError, match="damaged"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_npz_is_read_or_refused(save: Callable[..., None], tmp_path: Path) -> None:
    """Flipped bits and cut ends; the bit that marks an entry as encrypted has no place here."""
    path = tmp_path / "a.npz"
    save(path, **ARRAYS)
    content = path.read_bytes()
    draw = random.Random(7)
    refused = 0
    for case in range(100):
        damaged = bytearray(content)
        damaged[draw.randrange(len(content))] ^= draw.choice([1, 2, 16, 128, 255])
        path.write_bytes(damaged if case % 4 else content[: draw.randrange(1, len(content))])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numpy says of some headers that they took longer to read
                read_npz(path)
        except PhotonicsError:
            refused += 1
    assert refused > 40


def test_a_chunk_that_unpacks_to_far_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", data=np.zeros(10), maxshape=(None,), chunks=(2**22,), compression="gzip")
    with pytest.raises(PhotonicsError, match="declares"), open_h5(path):
        pass


def test_a_web_of_links_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        below = file.create_group("below")
        for level in range(7):
            here = file.create_group(f"level{level}")
            for link in range(16):
                here[str(link)] = below
            below = here
    with pytest.raises(PhotonicsError, match="linked more than once"), open_h5(path):
        pass


@pytest.mark.parametrize("text", ["a = " + "1" * 5000, "a = " + "[" * 100_000], ids=["digits", "nesting"])
def test_toml_beyond_reason_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(PhotonicsError):
        read_toml(tmp_path / "a.toml")
