"""Every kind of file that is read: how an honest one is laid down, and the public call by which a user reads it."""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import shutil
import struct
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5py
import numpy as np
from scipy.io import savemat

import photonics_sim as ps
from photonics_sim.analysis import check_measured, plan_measurement
from photonics_sim.datasets import _load, fit_pipeline, load, load_file, load_text
from photonics_sim.datasets._registry import SourceFile, lookup
from photonics_sim.device import render_card
from photonics_sim.measured import import_splitter, read_sparameters
from photonics_sim.training import load_pipeline
from photonics_sim.weights import PhaseCurveCard, read_phase_curve, read_settings, write_phase_curve

DATA = Path(__file__).parents[2] / "data"
SETTINGS = ("commanded_phase_rad", "actual_phase_rad", "drive_voltage_v", "electrical_power_w")


@dataclass(frozen=True)
class Kind:
    """`make` fills an empty folder, `file` is the one in it that is spoilt, `read` takes the folder."""

    file: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]


def copied(name: str, into: str) -> Callable[[Path], object]:
    return lambda folder: shutil.copy(DATA / name, folder / into)


def text(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


def arrays(**values: Any) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with h5py.File(folder / "a.h5", "w") as file:
            for name, value in values.items():
                file[name] = value

    return make


@functools.cache
def trained(folder: Path) -> Path:
    """A run of one epoch with a projection in front, trained once."""
    path = shutil.copy(DATA / "iris.npz", folder / "iris.npz")
    pipeline = fit_pipeline(load_file(path), pca=3)
    device = ps.load_device("free-space-scatterer", inputs=3, classes=3)
    options: dict[str, Any] = {"epochs": 1, "batch_size": 64, "chips": 0, "progress": False}
    return ps.train(device, str(path), pipeline=pipeline, out=folder / "run", **options).path


def run(folder: Path) -> None:
    common = folder.parent / "trained"
    common.mkdir(exist_ok=True)
    shutil.copytree(trained(common), folder / "run")


def of_run(file: str, read: Callable[[ps.Run], object]) -> Kind:
    return Kind(f"run/{file}", run, lambda folder: read(ps.find_run(folder / "run")))


def samples(folder: Path) -> None:
    plan_measurement(folder / "a.h5", 2, boxes=10)
    with h5py.File(folder / "a.h5", "a") as file:
        x = file["inputs"][()]
        file["outputs"] = np.stack([x.sum(1), x.prod(1)], 1)


def card(name: str, **fields: Any) -> Callable[[Path], object]:
    return lambda folder: (folder / "card.toml").write_text(render_card(ps.load_card(name, fields)))


def phase_curve(folder: Path) -> None:
    write_phase_curve(folder / "a.h5", PhaseCurveCard(drive=[0.0, 1.0, 3.0], phase_rad=[0.0, 2.0, 6.0]))


def coupler_and_card(folder: Path) -> None:
    card("mzi-thermo-optic")(folder)
    copied("coupler.s4p", "part.s4p")(folder)


def idx(values: np.ndarray[Any, Any]) -> bytes:
    return struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def mat(**values: Any) -> bytes:
    file = io.BytesIO()
    savemat(file, values)
    return file.getvalue()


def archive(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        for name, content in members.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.name, member.size = name, len(content) if isinstance(content, bytes) else 0
            packed.addfile(member, io.BytesIO(content if isinstance(content, bytes) else b""))
    return file.getvalue()


def batches(folder: str = "cifar-10-batches-bin/") -> dict[str, bytes | tarfile.TarInfo]:
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    return {folder + name: b"".join(bytes([n] * 3073) for n in range(10)) for name in names}


def published(name: str) -> dict[str, bytes]:
    """What the files of a data set hold here, by role; unpacked where they are gzip files."""
    many, few = np.zeros((30, 4, 4), np.uint8), np.zeros((9, 4, 4), np.uint8)
    pixels, labels = np.zeros((32, 32, 3, 20), np.uint8), np.arange(20)[:, None] % 10 + 1
    return {
        "mnist": {
            "train_images": idx(many),
            "train_labels": idx(np.arange(30, dtype=np.uint8) % 10),
            "test_images": idx(few),
            "test_labels": idx(np.arange(9, dtype=np.uint8)),
        },
        "svhn": {"train": mat(X=pixels, y=labels), "test": mat(X=pixels, y=labels)},
        "cifar-10": {"archive": archive(batches())},
        "shakespeare": {"text": b"To be, or not to be, that is the question.\n" * 60},
    }[name]


def _source(name: str, content: bytes, packed: bool) -> SourceFile:
    stored = gzip.compress(content, mtime=0) if packed else content
    raw = {"raw_bytes": len(content), "md5": hashlib.md5(content).hexdigest()} if packed else {}
    return SourceFile(name, len(stored), hashlib.sha256(stored).hexdigest(), **raw)


def dataset(name: str, role: str, *, trusted: bool = False) -> Kind:
    """A data set by name, of small files with hashes of their own; `trusted` takes the hash of whatever is there."""
    real, contents = lookup(name), published(name)
    sources = {r: _source(real.files[r].name, c, real.files[r].gzipped) for r, c in contents.items()}

    def make(folder: Path) -> None:
        for r, source in sources.items():
            content = contents[r]
            (folder / source.name).write_bytes(gzip.compress(content, mtime=0) if source.gzipped else content)

    def read(folder: Path) -> object:
        found = dict(sources)
        if trusted and (folder / sources[role].name).is_file():
            found[role] = _source(sources[role].name, (folder / sources[role].name).read_bytes(), False)
        with patch.object(_load, "lookup", lambda _: replace(real, files=found, validation=4)):
            return load(name, folder)

    return Kind(sources[role].name, make, read)


_S11 = np.full((3, 1, 1), 0.5 + 0j)
_HZ = np.array([1.92e14, 1.93e14, 1.94e14])
_TABLE = ",".join(SETTINGS) + "\n1,1,1,1\n"
_BLOCK = "('port 1','TE',1,'port 1',1,'transmission')\n(2, 3)\n1.92e14 0.5 0.1\n1.93e14 0.5 0.1\n"

KINDS: dict[str, Kind] = {
    "card": Kind("card.toml", card("free-space-scatterer"), lambda f: ps.load_device(f / "card.toml")),
    "mesh card": Kind("card.toml", card("mzi-thermo-optic"), lambda f: ps.load_device(f / "card.toml")),
    "card of a run": of_run("card.toml", lambda found: found.card),
    "configuration of a run": of_run("config.toml", lambda found: found.config),
    "metrics of a run": of_run("metrics.h5", lambda found: (found.metrics, found.state)),
    "weights of a run": of_run("model.safetensors", ps.load_trained),
    "checkpoint of a run": of_run("checkpoint.safetensors", lambda found: ps.resume(found, epochs=2, progress=False)),
    "pipeline of a run": of_run("pipeline.safetensors", load_pipeline),
    "pipeline to go on with": of_run("pipeline.safetensors", lambda found: ps.resume(found, epochs=2, progress=False)),
    "data as npz": Kind("a.npz", copied("iris.npz", "a.npz"), lambda f: load_file(f / "a.npz")),
    "data as h5": Kind("a.h5", copied("diabetes.h5", "a.h5"), lambda f: load_file(f / "a.h5")),
    "text": Kind("a.txt", text("a.txt", "so it goes " * 200), lambda f: load_text(f / "a.txt")),
    "mnist": dataset("mnist", "test_images"),
    "svhn": dataset("svhn", "train"),
    "svhn with its hash": dataset("svhn", "train", trusted=True),
    "cifar-10": dataset("cifar-10", "archive"),
    "cifar-10 with its hash": dataset("cifar-10", "archive", trusted=True),
    "shakespeare": dataset("shakespeare", "text"),
    "Touchstone": Kind("a.s4p", copied("coupler.s4p", "a.s4p"), lambda f: read_sparameters(f / "a.s4p")),
    "S-parameters as csv": Kind(
        "a.csv", text("a.csv", "frequency_hz,s11_re,s11_im\n1.92e14,0.5,0\n"), lambda f: read_sparameters(f / "a.csv")
    ),
    "Lumerical": Kind("a.dat", text("a.dat", _BLOCK), lambda f: read_sparameters(f / "a.dat", angle="rad")),
    "S-parameters as h5": Kind("a.h5", arrays(frequency_hz=_HZ, s=_S11), lambda f: read_sparameters(f / "a.h5")),
    "coupler for a card": Kind(
        "part.s4p", coupler_and_card, lambda f: import_splitter(f / "part.s4p", f / "card.toml", "mesh.splitter")
    ),
    "card for a coupler": Kind(
        "card.toml", coupler_and_card, lambda f: import_splitter(f / "part.s4p", f / "card.toml", "mesh.splitter")
    ),
    "measured samples": Kind("a.h5", samples, lambda f: check_measured(f / "a.h5")),
    "settings as csv": Kind("a.csv", text("a.csv", _TABLE), lambda f: read_settings(f / "a.csv")),
    "settings as h5": Kind("a.h5", arrays(**dict.fromkeys(SETTINGS, np.ones(2))), lambda f: read_settings(f / "a.h5")),
    "phase curve": Kind("a.h5", phase_curve, lambda f: read_phase_curve(f / "a.h5")),
}
