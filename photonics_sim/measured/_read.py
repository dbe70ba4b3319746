"""S-parameters from files: Touchstone, HDF5, CSV and Lumerical's text. Units are read, never guessed."""

from __future__ import annotations

import hashlib
import io
import os
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_h5, require_file
from photonics_sim.measured._lumerical import parse_lumerical
from photonics_sim.measured._records import check_records
from photonics_sim.measured._sparameters import MAX_PORTS, SParameters
from photonics_sim.measured._text import Table, choose_axis, parse_csv, to_frequency

_WHAT = "S-parameters as .sNp (Touchstone), .h5, .csv, or .dat, .txt or .sparam (Lumerical)"
_TOUCHSTONE = re.compile(r"\.s(\d+)p", re.IGNORECASE)
_LUMERICAL = {".dat", ".txt", ".sparam"}
_HDF5 = {".h5", ".hdf5"}
_MAX_BYTES = 256 * 2**20


def read_sparameters(path: str | os.PathLike[str], *, angle: str | None = None) -> SParameters:
    """Read a scattering matrix over frequency; the file's ending says how.

    - `.sNp`, Touchstone 1 with N ports: through scikit-rf, which comes with `pip install 'photonics_sim[import]'`.
    - `.h5`: `frequency_hz` or `wavelength_nm` (F,), and `s` (F, P, P) complex, or `s_real` and `s_imag`; s[f, out, in].
    - `.csv`: a header `frequency_hz` or `wavelength_nm`, then for each pair of ports, out before in, `s21_re,s21_im`,
      or `s21_db` with `s21_deg` or `s21_rad`; from ten ports on `s12_3_re`. All pairs; lines of # are comments.
    - `.dat`, `.txt`, `.sparam`, Lumerical's optical N-port format, one mode: needs `angle`.

    Args:
        path: The file.
        angle: The unit of the phases in a Lumerical file, "rad" or "deg": such files do not say it, and differ.

    Raises:
        PhotonicsError: where the file is missing, damaged, of another kind, does not say its units, or holds what
            `SParameters` refuses.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    touchstone = _TOUCHSTONE.fullmatch(suffix)
    if not touchstone and suffix not in _LUMERICAL | _HDF5 | {".csv"}:
        raise PhotonicsError(f"{path}: the ending {suffix or '(none)'} is none of {_WHAT}")
    if angle is not None and angle not in ("rad", "deg"):
        raise PhotonicsError(f"angle {angle!r}: choose rad or deg")
    if angle is not None and suffix not in _LUMERICAL:
        raise PhotonicsError(f"{path} says itself how its angles count; leave --angle (angle=) to Lumerical's files")
    require_file(path, _WHAT)
    data = _read_bytes(path)
    if suffix in _HDF5:
        frequency, s = _read_h5(path)
    elif touchstone:
        frequency, s = _parse_touchstone(path, data, int(touchstone[1][:9]))
    elif suffix == ".csv":
        frequency, s = parse_csv(path, _text(path, data))
    else:
        frequency, s = parse_lumerical(path, _text(path, data), angle)
    return SParameters(frequency, s, path.name, hashlib.sha256(data).hexdigest())


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise PhotonicsError(f"{path} has more than {_MAX_BYTES / 2**20:.0f} MiB; keep the frequencies you need")
        return path.read_bytes()
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path} is not text in UTF-8 (byte {error.start}); expected {_WHAT}") from error


def _parse_touchstone(path: Path, data: bytes, ports: int) -> Table:
    if not 1 <= ports <= MAX_PORTS:
        raise PhotonicsError(f"{path}: {ports} ports by its ending; 1 .. {MAX_PORTS} are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # old instruments, in comments
    _check_touchstone(path, text)
    check_records(path, text, ports)
    # the parser itself: skrf.Network would first try to unpickle the file, which runs what is in it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from skrf.io.touchstone import Touchstone
        except ImportError as error:
            raise PhotonicsError(
                f"{path} is a Touchstone file, which scikit-rf reads; pip install 'photonics_sim[import]'"
            ) from error
        file = io.StringIO(text)
        file.name = path.name
        try:
            found: Any = Touchstone(file)
            frequency, s, flat, noise = found.f, found.s, getattr(found, "s_flat", None), found.noise
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise PhotonicsError(f"{path} is no Touchstone file of {ports} ports: {reason}") from error
    if flat is None:
        raise PhotonicsError(f"{path} holds no frequencies; expected {_WHAT}")
    if flat.shape != (len(frequency), ports * ports):
        raise PhotonicsError(f"{path} is no Touchstone file of {ports} ports: it has {flat.shape[1]} pairs a frequency")
    if noise is not None and np.shape(noise)[-1] != 5:  # what it takes for noise is data out of order
        raise PhotonicsError(f"{path}: its frequencies turn back; sort the rows by frequency and keep each once")
    return np.asarray(frequency, np.float64), np.asarray(s, np.complex128)


def _check_touchstone(path: Path, text: str) -> None:
    """Refuse what scikit-rf would guess, refuse with a riddle, or wait for without end."""
    lines = [line.strip() for line in text.splitlines()]
    if any(line.startswith("[") for line in lines):
        raise PhotonicsError(f"{path} is written in Touchstone 2; save it as Touchstone 1, which has no [keywords]")
    options = next((line for line in lines if line.startswith("#")), None)
    if options is None:
        raise PhotonicsError(f"{path} has no line like `# Hz S RI R 50` that says its units; expected {_WHAT}")
    words = options[1:].partition("!")[0].lower().split()
    if "thz" in words:
        raise PhotonicsError(f"{path}: Touchstone knows no THz; write its frequencies in Hz, under `# Hz S RI R 50`")
    if len(words) < 3 or words[0] not in {"hz", "khz", "mhz", "ghz"} or words[2] not in {"ri", "ma", "db"}:
        raise PhotonicsError(f"{path}: `{options[:60]}` does not say all units in order; write it as `# Hz S RI R 50`")
    if words[1] != "s":
        raise PhotonicsError(f"{path} holds {words[1].upper()} parameters; save it as S-parameters")


def _read_h5(path: Path) -> Table:
    with open_h5(path, _WHAT) as file:
        axis = choose_axis(path, list(file))
        split = "s" not in file
        wanted = [axis, "s_real", "s_imag"] if split else [axis, "s"]
        arrays: dict[str, NDArray[Any]] = {}
        for name in wanted:
            if name not in file or not hasattr(file[name], "dtype"):
                raise PhotonicsError(f"{path} has no data set {name}; it needs s, complex, or s_real and s_imag")
            kind = "iufc" if name == "s" else "iuf"
            if file[name].dtype.kind not in kind:
                raise PhotonicsError(f"{path}: {name} holds {file[name].dtype}; write numbers")
            arrays[name] = np.asarray(file[name][()])
        if split and arrays["s_real"].shape != arrays["s_imag"].shape:
            raise PhotonicsError(
                f"{path}: s_real has shape {arrays['s_real'].shape} and s_imag {arrays['s_imag'].shape}; not alike"
            )
        s = arrays["s_real"] + 1j * arrays["s_imag"] if split else arrays["s"]
    return to_frequency(path, axis, np.asarray(arrays[axis], np.float64)), np.asarray(s, np.complex128)
