"""The table: what is tried on each kind of file."""

from __future__ import annotations

import gzip
import tarfile

import h5py
import numpy as np
from hostile_cases import (
    ANY,
    H5,
    H5_CROWD,
    NPZ,
    SAFETENSORS,
    TB,
    Rows,
    Spoil,
    added,
    become,
    grow,
    h5,
    noted,
    replaced,
    toml,
)
from hostile_kinds import archive, batches, mat

PAGE = "<html>moved</html>" * 20


# data sets by name: published files, packed and not, first without and then with a hash that fits

MNIST: Rows = {
    "another file": (become(gzip.compress(b"another")), "is not the published file: sha256 .* md5 .*; replace"),
    "a bomb": (become(gzip.compress(bytes(10**6))), "expands beyond 160 bytes: sha256 .*; replace"),
    "a web page": (become(PAGE), "is damaged or no gzip file: sha256 .*; replace"),
    "1 TB": (grow(TB), "has 1000000000000 bytes, .* at most [0-9]+; replace"),
}
PUBLISHED: Rows = {
    "another file": (become(PAGE), "is not the published file: sha256 .*; replace|at most [0-9]+; replace"),
    "1 TB": (grow(TB), "has 1000000000000 bytes, .* at most [0-9]+; replace"),
}


def linked(kind: bytes, target: str) -> Spoil:
    """The first batch as a link, or a device."""
    member = tarfile.TarInfo()
    member.type, member.linkname = kind, target
    return become(archive(batches() | {"cifar-10-batches-bin/data_batch_1.bin": member}))


def bloated() -> Spoil:
    """A batch of 40 MB in an archive of 40 kB."""
    return lambda path: path.write_bytes(archive({"cifar-10-batches-bin/data_batch_1.bin": bytes(4 * 10**7)}))


NO_BATCH = r"holds no data_batch_1\.bin.*; fetch it again"
CIFAR: Rows = {
    "names with ..": (become(archive(batches("../../"))), NO_BATCH),
    "absolute names": (become(archive(batches("/tmp/"))), NO_BATCH),
    "a soft link": (linked(tarfile.SYMTYPE, "/etc/passwd"), NO_BATCH),
    "a hard link": (linked(tarfile.LNKTYPE, "/etc/passwd"), NO_BATCH),
    "a device": (linked(tarfile.CHRTYPE, ""), NO_BATCH),
    "a bomb": (bloated(), r"data_batch_1\.bin has 30730001 bytes, no multiple of 3073; fetch it again"),
    "part of a record": (become(archive(batches() | {"cifar-10-batches-bin/data_batch_1.bin": bytes(3072)})), "fetch"),
    "a label too large": (
        become(archive(batches() | {"cifar-10-batches-bin/test_batch.bin": bytes([10] * 3073)})),
        r"holds label 10, expected 0\.\.9; fetch it again",
    ),
    "no archive": (become(PAGE), r"is damaged or no \.tar\.gz archive; fetch it again"),
}
NO_MAT = "is damaged or no MATLAB file; fetch it again"
SVHN: Rows = {
    "a web page": (become(PAGE), NO_MAT),
    "version 7.3": (become(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400)), NO_MAT),
    "other arrays": (become(mat(Z=np.zeros(3))), r"holds X of shape \(0,\)"),
    "cells for arrays": (become(mat(X=np.array([{"a": 1}], dtype=object), y=np.array([1]))), "expected bytes"),
    "other labels": (become(mat(X=np.zeros((32, 32, 3, 2), np.uint8), y=np.array([[1], [11]]))), r"labels 1\.\.10"),
}


# text

NOT_TEXT = r"is not text in UTF-8 \(byte [0-9]+\)"
TEXT: Rows = {
    "not UTF-8": (become(b"caf\xe9 " * 1000), NOT_TEXT + "; save it as UTF-8"),
    "UTF-16": (become(("so it goes " * 200).encode("utf-16")), NOT_TEXT + "; save it as UTF-8"),
    "1 TB": (grow(TB), "has 1,000,000,000,000 bytes, a text at most 268,435,456; give a smaller file"),
    "too short": (become("so it goes"), "has 10 characters, at least .*; give a longer text"),
    "one character": (become("a" * 5000), "there is no character but .*; give another text"),
}


# what was measured

FIRST = r"(?m)^191000000000000 \S+"
MUCH = "has more than 256 MiB; keep the frequencies you need"
TOUCHSTONE: Rows = {
    "nan": (replaced(FIRST, "191000000000000 nan"), "is not a finite number; is the file complete"),
    "1e999": (replaced(FIRST, "191000000000000 1e999"), "is not a finite number; is the file complete"),
    "binary in a row": (replaced(FIRST, "191000000000000 \0\1\2"), "is not a row of numbers; mend it"),
    "a surplus number": (replaced(FIRST, "191000000000000 0 0 0"), "a frequency takes 33 numbers.*; mend it"),
    "a count that lies": (
        replaced("# ", "[Number of Frequencies] 999999999\n# "),
        "written in Touchstone 2; save",
    ),
    "no units": (replaced("# .*", ""), "has no line like .* that says its units; expected"),
    "1 TB": (grow(TB), MUCH),
}
HEADER = ",".join(f"s{i}_{j}_{part}" for i in range(1, 102) for j in (1, 101) for part in ("re", "im"))
CSV: Rows = {
    "nan": (become("frequency_hz,s11_re,s11_im\n1.92e14,nan,0\n"), "is not a finite number; is the file complete"),
    "a wavelength of inf": (become("wavelength_nm,s11_re,s11_im\ninf,0,0\n"), "wavelength_nm = inf is outside 100"),
    "101 ports": (become(f"frequency_hz,{HEADER}\n"), "not understood|has a header and no rows|101 ports; 1 .. 100"),
    "a million columns": (become("frequency_hz," + "s11_re," * 10**6), "has 1,000,002 columns; give 20,001 at most"),
    "a field of a megabyte": (replaced("0.5", "5" * 10**6), r"a\.csv:2: .* is not a row of numbers"),
    "bytes of 0": (replaced("0.5", "\0"), "is not a row of numbers"),
    "not UTF-8": (become(b"frequency_hz,\xff\n"), NOT_TEXT + "; expected"),
    "1 TB": (grow(TB), MUCH),
}
LUMERICAL: Rows = {
    "a count that lies": (replaced(r"\(2, 3\)", "(999999999, 3)"), "'the end of the file' is not frequency"),
    "a count of 23 digits": (replaced(r"\(2, 3\)", f"({'9' * 23}, 3)"), r"is not \(frequencies, 3\)"),
    "nan": (replaced("0.5", "nan"), "is not a finite number; is the file complete"),
    "not UTF-8": (become(b"('port 1\xff"), NOT_TEXT + "; expected"),
    "1 TB": (grow(TB), MUCH),
}
S_IN_H5: Rows = {
    "nan": (h5(lambda f: f["s"].__setitem__(0, np.nan)), "is not a finite number; is the file complete"),
    "text": (h5(lambda f: (f.__delitem__("s"), f.__setitem__("s", np.array([b"x"])))), "write numbers"),
}
SAMPLES: Rows = {
    "nan": (h5(lambda f: f["outputs"].__setitem__(0, np.nan)), "outputs is nan in row 0, .*; measure them again"),
    "1e300": (h5(lambda f: f["outputs"].__setitem__(0, 1e300)), r"is 1e\+300 in row 0, .*; measure them again"),
    "an order of 1e9": (h5(lambda f: f["inputs"].attrs.__setitem__("order", 10**9)), "not those of a plan; remove"),
    "an order that is text": (h5(lambda f: f["inputs"].attrs.__setitem__("order", "two")), "is not what .*; remove it"),
}


def instead(name: str, values: object) -> Spoil:
    """Other values under the units of a data set."""

    def spoil(file: h5py.File) -> None:
        units = file[name].attrs["units"]
        del file[name]
        file.create_dataset(name, data=values).attrs["units"] = units

    return h5(spoil)


def many_points(file: h5py.File) -> None:
    """Storage that is there and that nothing was written to."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    del file["drive"]
    file.create_dataset("drive", (3 * 10**7,), "f8", dcpl=settings)


def unit(value: object) -> Spoil:
    return h5(lambda f: f["drive"].attrs.__setitem__("units", value))


PHASE_CURVE: Rows = {
    "nan": (h5(lambda f: f["phase"].__setitem__(1, np.nan)), "phase is nan at point 1 .*; leave those points out"),
    "1e300": (h5(lambda f: f["phase"].__setitem__(2, 1e300)), r"phase_rad\[2\] = 1e\+300 is beyond 1e\+06; check its"),
    "a curve that turns back": (h5(lambda f: f["phase"].__setitem__(2, 1)), "turns back at entry 2: .*; keep the mono"),
    "drives out of order": (h5(lambda f: f["drive"].__setitem__(2, 0.5)), r"drive\[2\] = 0\.5 follows 1; sort the"),
    "another length": (instead("phase", np.arange(4.0)), "3 drives for 4 phases; write one phase for each"),
    "a plane": (instead("phase", np.eye(3)), r"phase has shape \(3, 3\); write one number for each point"),
    "240 MB of points": (h5(many_points), "drive has 30,000,000 points; a curve has 2 .. 65,536"),
    "a group for a data set": (
        h5(lambda f: (f.__delitem__("drive"), f.create_group("drive"))),
        "has no data set drive",
    ),
    "text": (instead("drive", np.array([b"x", b"y", b"z"])), r"drive holds \|S1; write real numbers"),
    "no units": (h5(lambda f: f["drive"].attrs.pop("units")), "drive has no units; set the attribute to V or mV or"),
    "units of any length": (unit("V"), "units of drive is no text of fixed length; set the attribute to V or mV"),
    "units that are no text": (unit(np.arange(3)), "units of drive is no text of fixed length; set the attribute"),
    "units that are a name of 60 kB": (unit(np.bytes_(b"V" * 60_000)), "units of drive = 'VVVV.*' is none of V, mV"),
    "units that are not UTF-8": (unit(np.bytes_(b"\xff\xfe")), "is damaged .*; expected a phase curve"),
    "1 TB": (grow(TB), "at most 268,435,456; give a smaller file"),
}
SETTINGS: Rows = {
    "nan": (replaced("1,1", "1,nan"), "is not finite in row 0; mend it"),
    "a row too short": (replaced("1,1", "1"), "row 2 has 3 entries under 4 column names; mend it"),
    "5000 digits": (replaced("1,1", f"1,{'9' * 5000}"), "is not finite in row 0; mend it"),
    "a field of a megabyte": (replaced("1,1", "1," + "x" * 10**6), "no table of comma-separated values.*; expected"),
    "bytes of 0": (replaced("1,1", "\0,1"), "no numbers|no table of comma-separated values.*; expected"),
    "not UTF-8": (become(b"commanded_phase_rad,\xff\n"), NOT_TEXT + "; expected"),
    "1 TB": (grow(TB), "at most 268,435,456; give a smaller file"),
}


# runs


def note(name: str, value: object) -> Spoil:
    return h5(lambda f: f.attrs.__setitem__(name, value))


def axes_of_any_length(file: h5py.File) -> None:
    file["train_loss"].attrs["axes"] = "epoch"


METRICS: Rows = {
    "a summary of any length": (note("summary", "{}"), "attribute summary of / is no text of fixed length; remove it"),
    "a summary that is no JSON": (note("summary", np.bytes_(b"{")), "is damaged, or not the metrics of a run"),
    "a summary nested deep": (note("summary", np.bytes_(b"[" * 50_000)), "is damaged, or not the metrics of a run"),
    "names of axes of any length": (h5(axes_of_any_length), "is no text of fixed length; remove it"),
    "an axis without a name": (h5(lambda f: f["train_loss"].attrs.pop("axes")), "has 1 axes and names for 0"),
    "a group": (h5(lambda f: f.create_group("zz")), "is damaged, or not the metrics of a run"),
}
CHECKPOINT: Rows = {
    "no epoch": (noted(epoch=None), "epoch is missing.*; the checkpoint is damaged, restore it"),
    "an epoch that is text": (noted(epoch="x"), "epoch = 'x': .*; the checkpoint is damaged, restore it"),
    "1e9 epochs": (noted(epoch=10**9), r"epoch = 1000000000 is outside 0 \.\. 100000; the checkpoint is damaged"),
    "a history of another length": (noted(epoch=3), "not one number of each kind for 3 epochs; the checkpoint"),
    "no sums": (noted(sums=[]), "the checkpoint is damaged, restore it"),
    "the best of another device": (added("best/bias", np.zeros((7, 7))), r"best/bias is \(7, 7\) in the file"),
    "moments of another device": (added("adam/0/exp_avg", np.zeros((7, 7))), r"exp_avg is \(7, 7\) in the file"),
    "moments that are not finite": (added("adam/0/step", np.float32(np.nan)), "not finite; the file is damaged"),
    "moments of nothing": (added("adam/x/step", np.zeros(())), r"adam/x/step is \(\) in the file and missing"),
    "an array of nothing": (added("zz", np.zeros(3)), r"zz is \(3,\) in the file and missing in the device; use"),
}
CONFIG: Rows = {
    "a million threads": (replaced("threads = .*", "threads = 1000000"), "threads = 1000000 is outside 1 .. 4096"),
    "no threads": (replaced("threads = .*", "threads = 0"), "threads = 0 is outside 1 .. 4096"),
}

WHOLE = "(?m)^inputs = .*$"
MANY = r"GiB of .*; lower inputs \(= 1000000000\)|inputs = 1000000000 is outside 1 .. 100000"
MODES: Rows = {"1e9 modes": (replaced(WHOLE, "inputs = 1000000000"), MANY)}
MODEL = "(?m)^model = .*$"
CARD = toml("power_mw", "inputs") | {
    "a model that ends the program": (replaced(MODEL, 'model = "unittest.__main__:X"'), "cannot import unittest"),
}

ROWS: dict[str, Rows] = {
    "card": ANY | CARD | MODES,
    "mesh card": ANY | MODES,
    "card of a run": ANY | CARD,
    "configuration of a run": ANY | toml("learning_rate", "epochs") | CONFIG,
    "metrics of a run": ANY | H5 | METRICS,
    "weights of a run": ANY | SAFETENSORS,
    "checkpoint of a run": ANY | SAFETENSORS | CHECKPOINT,
    "pipeline of a run": ANY | SAFETENSORS,
    "pipeline to go on with": ANY | SAFETENSORS,
    "data as npz": ANY | NPZ,
    "data as h5": ANY | H5 | H5_CROWD,
    "text": {name: row for name, row in ANY.items() if name != "cut in half"} | TEXT,
    "mnist": ANY | MNIST,
    "svhn": ANY | PUBLISHED,
    "svhn with its hash": SVHN,
    "cifar-10": ANY | PUBLISHED,
    "cifar-10 with its hash": ANY | CIFAR,
    "shakespeare": ANY | PUBLISHED,
    "Touchstone": ANY | TOUCHSTONE,
    "S-parameters as csv": ANY | CSV,
    "Lumerical": ANY | LUMERICAL,
    "S-parameters as h5": ANY | H5 | S_IN_H5,
    "coupler for a card": ANY | TOUCHSTONE,
    "card for a coupler": ANY | CARD,
    "measured samples": ANY | H5 | SAMPLES,
    "settings as csv": ANY | SETTINGS,
    "settings as h5": ANY | H5,
    "phase curve": ANY | H5 | PHASE_CURVE,
}
