"""Phase masks as the workshop needs them: a table of pixels, arrays with units, or one greyscale image for each."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from photonics_sim.errors import PhotonicsError
from photonics_sim.files import open_atomically, write_atomically
from photonics_sim.weights._mask_setting import MaskSetting
from photonics_sim.weights._table import as_h5

_MEANINGS = {
    "commanded_phase_rad": "commanded phase (mask, row, column)",
    "held_phase_rad": "phase that the mask holds, its steps included (mask, row, column)",
    "x_m": "position of a column's centre",
    "y_m": "position of a row's centre",
    "pitch_m": "pixel pitch",
    "wavelength_m": "wavelength in vacuum",
    "setting_bits": "resolution of the setting",
}
_ROWS_AT_ONCE = 1 << 16  # of a table: a mask of millions of pixels must not become Python numbers all at once


def write_masks(
    path: Path, *, phases: Tensor, held: Tensor, setting: MaskSetting, pitch: float, wavelength: float
) -> list[Path]:
    """Write what every pixel of phase masks is commanded, what it holds, and the setting that does it.

    The suffix chooses the format; files of these names are replaced, each in one step.

    - `.h5`, `.hdf5`: arrays `(K, ny, nx)` of `commanded_phase_rad`, `held_phase_rad` and the setting under its name,
      `x_m` and `y_m` of the pixels, and `pitch_m`, `wavelength_m`, `setting_bits`; each with `units` and `long_name`.
    - `.csv`: a row for each pixel, with `mask` from 1, `row` and `column` from 0, and units in the column names.
    - `.png`: a greyscale image for each mask, `NAME-mask-1.png` and so on (`mask_files`), of 8 bits where the setting
      has at most so many, else of 16. A pixel has the code of its setting in its leading bits, so its setting is
      `black + (white - black) pixel / (255 or 65535)`. The texts `quantity`, `unit`, `black`, `white`, `bits`, `mask`,
      `masks`, `pitch_m`, `wavelength_m` and `orientation` in the file say so.

    Row 0 and column 0 have the smallest y and x; pixel i of n lies at (i - (n - 1) / 2) pitch.

    Args:
        path: Of the table, or the name from which those of the images are made.
        phases: Commanded phases in rad, `(K, ny, nx)`.
        held: Phases that drive or plate really hold, in rad; the same shape.
        setting: See `drive_setting` and `height_setting`.
        pitch, wavelength: In metres.

    Returns:
        The files that were written.

    Raises:
        PhotonicsError: for another suffix, shapes that differ, a number that is not finite, a folder that cannot be
            written. Nothing is written then.
    """
    path = Path(path)
    _check(path, phases, held, setting, pitch, wavelength)
    files = mask_files(path, len(phases))
    if path.suffix.lower() == ".png":
        _write_images(files, setting, {"pitch_m": repr(float(pitch)), "wavelength_m": repr(float(wavelength))})
        return files
    tables = {
        "commanded_phase_rad": _array(phases),
        "held_phase_rad": _array(held),
        setting.name: _array(setting.values),
    }
    places = {name: _positions(count, pitch) for name, count in zip(("y_m", "x_m"), phases.shape[1:], strict=True)}
    if path.suffix.lower() == ".csv":
        _write_csv(path, tables, places)
        return files
    numbers = {"pitch_m": np.float64(pitch), "wavelength_m": np.float64(wavelength), "setting_bits": setting.bits}
    scalars = {name: np.asarray(value) for name, value in numbers.items()}
    meanings = _MEANINGS | {setting.name: f"{setting.meaning} (mask, row, column)"}
    write_atomically(path, as_h5(tables | places | scalars, meanings, {setting.name: setting.unit}))
    return files


def mask_files(path: Path, masks: int) -> list[Path]:
    """The files that `write_masks` makes of this name: `path` itself, or for `.png` one for each mask."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        return [path]
    return [path.with_name(f"{path.stem}-mask-{number}{path.suffix}") for number in range(1, masks + 1)]


def _check(path: Path, phases: Tensor, held: Tensor, setting: MaskSetting, pitch: float, wavelength: float) -> None:
    if path.suffix.lower() not in {".csv", ".h5", ".hdf5", ".png"}:
        raise PhotonicsError(f"{path}: masks are kept as .csv, .h5, .hdf5 or .png; found suffix {path.suffix!r}")
    if phases.ndim != 3 or not phases.numel():
        raise PhotonicsError(f"phases of masks are (masks, rows, columns); found shape {tuple(phases.shape)}")
    for name, values in {"phases": phases, "held": held, setting.name: setting.values}.items():
        if values.shape != phases.shape:
            raise PhotonicsError(
                f"{name} has shape {tuple(values.shape)}, phases {tuple(phases.shape)}; make them equal"
            )
        if not values.isfinite().all():
            mask, row, column = (int(i) for i in (~values.isfinite()).nonzero()[0])
            raise PhotonicsError(
                f"{name} of mask {mask + 1} is {float(values[mask, row, column])} in row {row}, column {column}; "
                "masks are made of finite numbers: train anew, or export another run"
            )
    for name, length in {"pitch": pitch, "wavelength": wavelength}.items():
        if not (length > 0 and math.isfinite(length)):
            raise PhotonicsError(f"{name} = {length:g} m: lengths are above 0 and finite; give it in metres")


def _array(values: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().cpu().double().numpy()
    return found


def _positions(count: int, pitch: float) -> NDArray[np.float64]:
    return (np.arange(count, dtype=np.float64) - (count - 1) / 2) * pitch


def _write_csv(path: Path, tables: dict[str, NDArray[Any]], places: dict[str, NDArray[Any]]) -> None:
    shape = next(iter(tables.values())).shape
    flat = [values.reshape(-1) for values in tables.values()]
    with open_atomically(path) as file:
        file.write(_lines([[name] for name in ("mask", "row", "column", "x_m", "y_m", *tables)]))
        for start in range(0, flat[0].size, _ROWS_AT_ONCE):
            part = slice(start, min(start + _ROWS_AT_ONCE, flat[0].size))
            mask, row, column = np.unravel_index(np.arange(part.start, part.stop), shape)
            columns = [mask + 1, row, column, places["x_m"][column], places["y_m"][row], *(v[part] for v in flat)]
            file.write(_lines([values.tolist() for values in columns]))


def _lines(columns: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _write_images(files: list[Path], setting: MaskSetting, texts: dict[str, str]) -> None:
    """All images or none: each is complete under another name before the first gets its own."""
    for file in files:
        if file.is_dir():
            raise PhotonicsError(f"cannot write {file}: it is a folder; choose another name")
    with ExitStack() as stack:
        for number, (file, codes) in enumerate(zip(files, setting.codes.cpu().numpy(), strict=True), start=1):
            about = {"mask": str(number), "masks": str(len(files))} | texts
            target = stack.enter_context(open_atomically(file))
            target.write(_image(codes, setting, about))
            target.flush()


def _image(codes: NDArray[np.int64], setting: MaskSetting, about: dict[str, str]) -> bytes:
    depth = 8 if setting.bits <= 8 else 16
    spare = depth - setting.bits
    white = setting.first + setting.step * ((2**depth - 1) / 2**spare)
    info = PngInfo()
    texts = {
        "quantity": setting.meaning, "unit": setting.unit, "black": repr(setting.first), "white": repr(white),
        "bits": str(setting.bits), "orientation": "row 0 and column 0 have the smallest y and x",
    }  # fmt: skip
    for name, text in (texts | about).items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    pixels = (codes << spare).astype(np.uint8 if depth == 8 else np.uint16)
    Image.fromarray(pixels).save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()
