"""Files of S-parameters: every format gives the same matrix, and what is wrong is named."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from photonics_sim.errors import PhotonicsError
from photonics_sim.measured import SParameters, read_sparameters

LIGHT = 299_792_458.0
FREQUENCY = np.linspace(192e12, 195e12, 7)
Array = NDArray[Any]


def random_part(ports: int = 3) -> Array:
    """Passive and not reciprocal, so that a transposed reader shows."""
    rng = np.random.default_rng(ports)
    s = rng.normal(size=(len(FREQUENCY), ports, ports)) + 1j * rng.normal(size=(len(FREQUENCY), ports, ports))
    return s / (1.1 * np.linalg.norm(s, 2, axis=(1, 2)))[:, None, None]


def touchstone(s: Array, frequency: Array = FREQUENCY, options: str = "# Hz S RI R 50") -> str:
    order = s.transpose(0, 2, 1) if s.shape[-1] == 2 else s  # two ports go by columns
    rows = (" ".join(f"{part:.17g}" for z in m.ravel() for part in (z.real, z.imag)) for m in order)
    return "\n".join(["! a part", options, *(f"{f:.17g} {row}" for f, row in zip(frequency, rows, strict=True))]) + "\n"


def table(s: Array, kind: str = "re im", axis: str = "frequency_hz") -> str:
    ports = range(s.shape[-1])
    one, two = kind.split()
    pairs = [(i, j) for i in ports for j in ports]
    x = FREQUENCY if axis == "frequency_hz" else 1e9 * LIGHT / FREQUENCY
    lines = [",".join([axis, *(f"s{i + 1}{j + 1}_{k}" for i, j in pairs for k in (one, two))])]
    first = s.real if one == "re" else 20 * np.log10(np.abs(s))
    second = {"im": s.imag, "deg": np.angle(s, deg=True), "rad": np.angle(s)}[two]
    for index, value in enumerate(x):
        numbers = [value, *(a[index, i, j] for i, j in pairs for a in (first, second))]
        lines.append(",".join(f"{number:.17g}" for number in numbers))
    return "\n".join(lines) + "\n"


def lumerical(s: Array, degrees: bool = False) -> str:
    ports = range(s.shape[-1])
    lines = ['["port 1","LEFT"]']
    for i in ports:
        for j in ports:
            lines += [f"('port {i + 1}','TE',1,'port {j + 1}',1,'transmission')", f"({len(FREQUENCY)}, 3)"]
            angle = np.angle(s[:, i, j], deg=degrees)
            lines += [f"{f:.17g} {abs(z):.17g} {a:.17g}" for f, z, a in zip(FREQUENCY, s[:, i, j], angle, strict=True)]
    return "\n".join(lines) + "\n"


def write_h5(path: Path, **arrays: Array) -> Path:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    return path


def assert_same(found: SParameters, s: Array) -> None:
    np.testing.assert_allclose(found.frequency_hz, FREQUENCY, rtol=1e-14)
    np.testing.assert_allclose(found.s, s, rtol=0, atol=1e-13)


@pytest.mark.parametrize("ports", [1, 2, 3, 4])
def test_touchstone_keeps_out_before_in(tmp_path: Path, ports: int) -> None:
    path = tmp_path / f"part.s{ports}p"
    path.write_text(touchstone(random_part(ports)))
    found = read_sparameters(path)
    assert_same(found, random_part(ports))
    assert found.source == path.name
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not found.s.flags.writeable


def test_touchstone_in_other_units(tmp_path: Path) -> None:
    s = random_part(3)
    path = tmp_path / "part.S3P"
    text = touchstone(np.abs(s) + 1j * np.angle(s, deg=True), FREQUENCY / 1e9, "# GHz S MA R 50 ! from the VNA")
    path.write_bytes(b"\xef\xbb\xbf! " + text.encode())
    assert_same(read_sparameters(path), s)


@pytest.mark.parametrize("axis", ["frequency_hz", "wavelength_nm"])
@pytest.mark.parametrize("kind", ["re im", "db deg", "db rad"])
def test_csv_with_units_in_its_header(tmp_path: Path, kind: str, axis: str) -> None:
    path = tmp_path / "part.csv"
    path.write_text("# from the lab\n\n" + table(random_part(), kind, axis))
    assert_same(read_sparameters(path), random_part())


def test_csv_of_ten_ports(tmp_path: Path) -> None:
    header = ",".join(f"s{i}_{j}_{part}" for i in range(1, 11) for j in range(1, 11) for part in ("re", "im"))
    path = tmp_path / "part.csv"
    row = ",".join(str(v) for v in range(200))
    path.write_text(f"wavelength_nm,{header}\n1550,{row}\n")
    assert read_sparameters(path).s[0, 9, 8] == 196 + 197j


def test_h5_in_both_layouts(tmp_path: Path) -> None:
    s = random_part()
    whole = write_h5(tmp_path / "a.h5", frequency_hz=FREQUENCY, s=s)
    split = write_h5(tmp_path / "b.hdf5", wavelength_nm=1e9 * LIGHT / FREQUENCY, s_real=s.real, s_imag=s.imag)
    for path in (whole, split):
        assert_same(read_sparameters(path), s)


@pytest.mark.parametrize("angle", ["rad", "deg"])
def test_lumerical_with_the_unit_of_its_angles(tmp_path: Path, angle: str) -> None:
    path = tmp_path / "part.dat"
    path.write_text(lumerical(random_part(), angle == "deg"))
    assert_same(read_sparameters(path, angle=angle), random_part())
    named = tmp_path / "named.txt"
    named.write_text(lumerical(random_part(), angle == "deg").replace("port 1", "west").replace("port 2", "east"))
    assert_same(read_sparameters(named, angle=angle), random_part())


def test_a_touchstone_file_is_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    path = tmp_path / "part.s4p"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(PhotonicsError, match="has no line like"):
        read_sparameters(path)
    assert not (tmp_path / "ran").exists()


def test_scikit_rf_missing_is_said_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "part.s2p").write_text(touchstone(random_part(2)))
    monkeypatch.setitem(sys.modules, "skrf.io.touchstone", None)
    with pytest.raises(PhotonicsError, match=r"pip install 'photonics_sim\[import\]'"):
        read_sparameters(tmp_path / "part.s2p")


GOOD = touchstone(random_part(4))
HOSTILE_TOUCHSTONE: list[tuple[str, str]] = [
    (GOOD.replace("# Hz", "# THz"), "knows no THz; write its frequencies in Hz"),
    (GOOD.replace("# Hz S RI R 50", ""), "has no line like `# Hz S RI R 50`"),
    (GOOD.replace("# Hz S", "# S Hz"), "does not say all units in order"),
    (GOOD.replace("# Hz S RI R 50", "# Hz S"), "does not say all units in order"),
    (GOOD.replace("# Hz S", "# Hz Z"), "holds Z parameters"),
    (GOOD.replace("# Hz", "# GHz"), "check the unit of the file's frequencies"),
    (GOOD.replace("! a part", "[Version] 2.0\n[Reference]"), "Touchstone 2"),
    (GOOD[: GOOD.index("\n", 40) + 200], "no Touchstone file of 4 ports"),
    (GOOD.splitlines()[1] + "\n1.9e14 0.1 0.2\n", "no Touchstone file of 4 ports"),
    (GOOD.splitlines()[1] + "\n", "holds no frequencies"),
    (GOOD + "what is this\n", "line 10, 'what is this', is not a row of numbers; mend it"),
    (GOOD[:-60], "a frequency takes 33 numbers, and from line 9 on there are [23][0-9]; mend it there, or copy"),
    (GOOD.splitlines()[1] + "\n1.9e14 0 0 0 0 0 0 0 0\n 0 0 0 0 0 0 0 0\n", "and from line 2 on there are 17"),
    ("the quick brown fox\n", "has no line like"),
    (touchstone(random_part(4), FREQUENCY[::-1] * [1, 1, 1, -1, 1, 1, 1]), r"frequency 4 is -1\.935e\+14 Hz"),
    (touchstone(random_part(4), FREQUENCY[[0, 1, 2, 2, 3, 4, 5]]), r"frequency 4 .* repeats the one before it"),
    (touchstone(random_part(4), FREQUENCY[[0, 1, 3, 2, 4, 5, 6]]), r"frequency 4 .* turns back"),
    (touchstone(random_part(4), FREQUENCY * [1, 1, np.nan, 1, 1, 1, 1]), "frequency 3 is nan Hz"),
    (touchstone(np.where(np.eye(4) == 1, np.nan, random_part(4))), r"S11 at 192 THz is not a finite number"),
    (touchstone(random_part(4) * 1e6), "S11 at 192 THz is of magnitude"),
]


@pytest.mark.parametrize(("text", "message"), HOSTILE_TOUCHSTONE, ids=[message for _, message in HOSTILE_TOUCHSTONE])
def test_hostile_touchstone(tmp_path: Path, text: str, message: str) -> None:
    refused(tmp_path / "part.s4p", text, message)


def refused(path: Path, text: str, message: str, **options: Any) -> None:
    path.write_text(text)
    with pytest.raises(PhotonicsError, match=message) as caught:
        read_sparameters(path, **options)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_ports_out_of_order_are_not_taken_for_noise(tmp_path: Path) -> None:
    refused(tmp_path / "part.s2p", touchstone(random_part(2), FREQUENCY[[0, 1, 3, 2, 4, 5, 6]]), "turn back; sort")


def test_touchstone_with_another_number_of_ports_than_its_ending(tmp_path: Path) -> None:
    refused(tmp_path / "part.s3p", GOOD, "no Touchstone file of 3 ports: a frequency has 33 numbers, which is 4 ports")
    refused(tmp_path / "part.s2p", GOOD, r"no Touchstone file of 2 ports: .*which is 4 ports; name it part\.s4p$")
    refused(tmp_path / "part.s0p", GOOD, "0 ports by its ending")
    refused(tmp_path / "part.s99999999999999p", GOOD, "ports by its ending")


CSV = table(random_part())
HOSTILE_CSV: list[tuple[str, str]] = [
    (CSV.replace("frequency_hz", "frequency_thz"), "neither frequency_hz nor wavelength_nm"),
    (CSV.replace("s33_im", "wavelength_nm"), "both frequency_hz and wavelength_nm"),
    (CSV.replace("s21_re", "s21_mag"), r"column 's21_mag' is not understood"),
    (CSV.replace("s21_im", "s21_phase"), r"column 's21_phase' is not understood.* s21_deg or s21_rad"),
    (CSV.replace("s21_im", "s21_deg"), "s21_re, s21_deg alone do not give S21"),
    (table(random_part(), "db deg").replace("s21_deg", "s21_db"), "a column is there twice"),
    (CSV.replace("s21_", "s41_"), "S14 of 4 ports is missing"),
    (CSV.replace("s12_", "s0_1_"), "S12 of 3 ports is missing"),
    (CSV.splitlines()[0], "has a header and no rows"),
    (CSV + "1,2,3\n", r"part\.csv:9: 3 numbers under 19 columns"),
    (CSV + "a,b\n", r"part\.csv:9: 'a,b' is not a row of numbers"),
    (CSV.replace(",", ";"), "neither frequency_hz nor"),
    ("frequency_hz\n1.9e14\n", "has 0 ports"),
    ("frequency_hz,s11_db,s11_deg\n1.9e14,9e99,0\n", "S11 at 190 THz is not a finite number"),
]


@pytest.mark.parametrize(("text", "message"), HOSTILE_CSV, ids=[message for _, message in HOSTILE_CSV])
def test_hostile_csv(tmp_path: Path, text: str, message: str) -> None:
    refused(tmp_path / "part.csv", text, message)


def test_a_wavelength_in_micrometres_is_recognised(tmp_path: Path) -> None:
    refused(tmp_path / "a.csv", "wavelength_nm,s11_re,s11_im\n1.55,0,0\n", r"looks like um\. Did you mean 1550\?")


LUMERICAL = lumerical(random_part())
CUT = LUMERICAL[: LUMERICAL.index("('port 1','TE',1,'port 2'")].rstrip()[:-60]
HOSTILE_LUMERICAL: list[tuple[str, str]] = [
    (LUMERICAL.replace("transmission", "modulation"), ":2: a block with 'modulation'"),
    (LUMERICAL.replace("1,'transmission'", "1,'transmission',1e-12"), ":2: a block with a group delay kept apart"),
    (LUMERICAL.replace("1,'port 2',1", "2,'port 2',1"), "several modes"),
    (LUMERICAL.replace("'port 1','TE',1,'port 2'", "'port 1','TE',1,'port 3'"), "a pair of ports twice"),
    (LUMERICAL.replace("(7, 3)", "(7, 5)"), r":3: '\(7, 5\)' is not \(frequencies, 3\)"),
    (LUMERICAL.replace("(7, 3)", "(8, 3)"), "is not frequency"),
    (CUT, r"\.dat:\d+: .* is not frequency, \|S\|"),
    (LUMERICAL[: LUMERICAL.index("('port 3','TE',1,'port 3'")], "S33 of 3 ports is missing"),
    (LUMERICAL.replace("192000000000000", "191000000000000", 1), "at other frequencies than S11"),
    ("garbage\n", r":1: 'garbage' does not open a block"),
    ("[]\n", "holds no S-parameters"),
]


@pytest.mark.parametrize(("text", "message"), HOSTILE_LUMERICAL, ids=[message for _, message in HOSTILE_LUMERICAL])
def test_hostile_lumerical(tmp_path: Path, text: str, message: str) -> None:
    refused(tmp_path / "part.dat", text, message, angle="rad")


def test_angles_are_not_guessed(tmp_path: Path) -> None:
    refused(tmp_path / "part.dat", LUMERICAL, "does not say the unit of its angles; give --angle rad or deg")
    with pytest.raises(PhotonicsError, match="angle 'degrees': choose rad or deg"):
        read_sparameters(tmp_path / "part.dat", angle="degrees")
    refused(tmp_path / "part.csv", CSV, "leave --angle", angle="deg")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"s": random_part()}, "neither frequency_hz nor"),
        ({"frequency_hz": FREQUENCY}, "no data set s_real"),
        ({"frequency_hz": FREQUENCY, "s_real": random_part().real}, "no data set s_imag"),
        ({"frequency_hz": FREQUENCY, "s_real": np.eye(3), "s_imag": np.eye(2)}, r"s_real has shape \(3, 3\)"),
        ({"frequency_hz": FREQUENCY[:3], "s": random_part()}, r"\(3,\) do not go with S of shape \(7, 3, 3\)"),
        ({"frequency_hz": FREQUENCY, "s": np.zeros((7, 2, 3))}, r"do not go with S of shape \(7, 2, 3\)"),
        ({"frequency_hz": np.float64(1.9e14), "s": np.eye(3)}, r"shape \(\) do not go"),
        ({"frequency_hz": np.array([b"one"]), "s": np.zeros((1, 1, 1))}, r"frequency_hz holds \|S3; write numbers"),
        ({"frequency_hz": np.empty(0), "s": np.empty((0, 4, 4))}, r"shape \(0,\) do not go"),
        ({"wavelength_nm": np.array([0.0]), "s": np.zeros((1, 1, 1))}, "wavelength_nm = 0 is outside"),
    ],
)
def test_hostile_h5(tmp_path: Path, arrays: dict[str, Array], message: str) -> None:
    with pytest.raises(PhotonicsError, match=message):
        read_sparameters(write_h5(tmp_path / "part.h5", **arrays))


def test_what_is_no_such_file(tmp_path: Path) -> None:
    for name in ("part.s4p", "part.csv", "part.dat", "part.h5"):
        angle = "rad" if name.endswith("dat") else None
        with pytest.raises(PhotonicsError, match="no such file; expected S-parameters"):
            read_sparameters(tmp_path / name, angle=angle)
        refused(tmp_path / name, "", "is empty; expected S-parameters", angle=angle)
    refused(tmp_path / "part.xlsx", "x", r"the ending \.xlsx is none of S-parameters as")
    (tmp_path / "part.csv").write_bytes(b"frequency_hz,\xff\n")
    with pytest.raises(PhotonicsError, match=r"not text in UTF-8 \(byte 13\)"):
        read_sparameters(tmp_path / "part.csv")
    refused(tmp_path / "part.h5", "not HDF5", "is damaged or no HDF5 file")
