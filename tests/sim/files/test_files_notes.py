"""Text beside data in HDF5 files: of fixed length, and nothing else is read."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_h5, read_note, write_note


@pytest.mark.parametrize("text", ["µm", "", "a" * 60_000, "two\nlines"])
def test_a_note_comes_back(text: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_note(file, "units", text)
    with open_h5(tmp_path / "a.h5") as file:
        assert read_note(file, "units", "none") == text
        assert read_note(file, "others", "none") == "none"
        assert file.attrs.get_id("units").dtype.kind == "S"


def test_a_note_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with (
        h5py.File(tmp_path / "a.h5", "w") as file,
        pytest.raises(PhotonicsError, match=r"a\.h5: units of / has 60,001 bytes; at most 60,000 can be kept"),
    ):
        write_note(file, "units", "a" * 60_001)


@pytest.mark.parametrize("value", ["of any length", 3, np.array([b"a", b"b"]), np.bytes_(b"\xff"), h5py.Empty("S3")])
def test_what_is_no_such_note_is_refused(value: object, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["units"] = value
    with pytest.raises(PhotonicsError, match=r"a\.h5"), open_h5(tmp_path / "a.h5") as file:
        read_note(file, "units", "none")
