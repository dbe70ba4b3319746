"""From what a user asks to points and seeds: values as they are typed, designs, and the plan that is written down."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import qmc

from photonics_sim.device import load_card
from photonics_sim.errors import PhotonicsError, PhotonicsWarning
from photonics_sim.sweeps import Asked, parse_vary
from photonics_sim.sweeps._design import make_points
from photonics_sim.sweeps._plan import Plan, chip_seeds, shard_of
from photonics_sim.sweeps._planning import settle
from photonics_sim.sweeps._vary import Varied, as_varied, fit_kind, parse_values
from tests.sim.sweeps.sweep_runs import asked, planned

ERROR, LOSS, KIND = "mesh.splitter.error_rad", "mesh.splitter.loss_db", "encoder.kind"


def values(text: str) -> list[Any]:
    found: list[Any] = parse_values(text, where="here").values.tolist()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:1:5", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("1:0:3", [1.0, 0.5, 0.0]),
        ("3:3:1", [3.0]),
        (" 0 : 1 : 2 ", [0.0, 1.0]),
        ("log:0.01:1:3", pytest.approx([0.01, 0.1, 1.0])),
        ("2,3,4", [2, 3, 4]),
        ("2, 3.5", [2.0, 3.5]),
        ("1e-3", [0.001]),
        ("phase,amplitude", ["phase", "amplitude"]),
        ("'two words'", ["two words"]),
        ("true,false", [True, False]),
        ("gr\u00fcn", ["gr\u00fcn"]),
    ],
)
def test_values_as_they_are_typed(text: str, expected: Any) -> None:
    found = values(text)
    assert found == expected
    assert not isinstance(expected, list) or list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize("text", ["0:0.05", "log:0.1:10", "-1:1"])
def test_a_range_without_a_count_is_for_samples(text: str) -> None:
    found = parse_values(text, where="here")
    assert (found.is_range, found.is_log) == (True, text.startswith("log"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0:1:2:3", "is no range; write path=low:high:count"),
        ("0:x:3", "is no range"),
        ("0:1:0", "0 values; give a whole number from 1"),
        ("0:1:2.5", r"2\.5 values"),
        ("0:1:1e9", "give a whole number from 1 to 10,000,000"),
        ("0:1:nan", "is no range"),
        ("0:1:inf", "is no range"),
        ("0:inf:3", "is no range"),
        ("nan:1", "is no range"),
        ("log:0:1:3", r"a logarithmic range lies above 0; found 0 \.\. 1"),
        ("log:1", "is no range"),
        ("1,a", "all of one kind"),
        ("1,true", "all of one kind"),
        ("1,,2", "all of one kind"),
        ("nan", "give finite numbers"),
        ("1,inf", "give finite numbers"),
        ("99999999999999999999999", "give finite numbers"),
        ("[1]", "give finite numbers"),
        ("2026-01-01", "give finite numbers"),
        ("\udc80", "give finite numbers"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        parse_vary(f"x={text}")


@pytest.mark.parametrize("text", ["", "x", "x=", "=1", " = "])
def test_an_assignment_without_a_part_is_told(text: str) -> None:
    with pytest.raises(PhotonicsError, match="write path=low:high:count"):
        parse_vary(text)


@given(st.text(max_size=40))
@example("x=" + "9" * 5000)
@example("x=" + "[" * 5000)
@example("x=1e400")
@example("x=1\nvalue = 2")
def test_anything_typed_is_read_or_refused(text: str) -> None:
    with suppress(PhotonicsError):
        path, found = parse_vary(text)
        assert path
        assert found.values.ndim == 1


@pytest.mark.parametrize(
    ("given_", "expected"), [(3, [3]), (range(2), [0, 1]), (np.array([1.0, 2.0]), [1.0, 2.0]), ("0:1:2", [0.0, 1.0])]
)
def test_a_caller_gives_sequences_arrays_numbers_or_text(given_: Any, expected: list[Any]) -> None:
    assert as_varied(given_, where="here").values.tolist() == expected


@pytest.mark.parametrize("given_", [None, [], [[1, 2], [3]], [[1, 2]], {"a": 1}, [None], [1, "a"], [1.5, 10**400], 1j])
def test_and_nothing_else(given_: Any) -> None:
    with pytest.raises(PhotonicsError, match="here: give finite numbers, truth values"):
        as_varied(given_, where="here")


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [("2,3", 1.0, [2.0, 3.0]), ("2:4:3", 1, [2, 3, 4]), ("a,b", "c", ["a", "b"]), ("true", False, [True])],
)
def test_values_become_of_the_kind_of_the_field(text: str, field: object, expected: list[Any]) -> None:
    found = fit_kind("x", parse_values(text, where="here"), field).values.tolist()
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("0:1:4", 1, r"x takes whole numbers; found 0\.0, 0\.33\d*, 0\.66\d*, 1\.0"),
        ("1e300", 1, r"x takes whole numbers; found 1e\+300"),
        ("a", 1.0, "x takes numbers; found a"),
        ("1", True, "x takes true and false; found 1"),
        ("1", "a", "x takes words; found 1"),
        ("1", [1, 2], r"x holds \[1, 2\]; numbers, truth values and words can be varied"),
    ],
)
def test_and_are_refused_where_they_cannot(text: str, field: object, words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        fit_kind("x", parse_values(text, where="here"), field)


def varied(**texts: str) -> dict[str, Varied]:
    return {name: parse_values(text, where=name) for name, text in texts.items()}


def test_a_grid_takes_every_pair_the_last_fastest() -> None:
    found = make_points("grid", varied(a="1,2", b="x,y,z"))
    assert found["a"].tolist() == [1, 1, 1, 2, 2, 2]
    assert found["b"].tolist() == ["x", "y", "z"] * 2


def test_a_zip_takes_them_together_and_values_may_come_again() -> None:
    found = make_points("zip", varied(a="1,1,2", b="x,y,y"))
    assert (found["a"].tolist(), found["b"].tolist()) == ([1, 1, 2], ["x", "y", "y"])


def test_sobol_points_are_those_of_scipy_between_the_ends() -> None:
    found = make_points("sobol", varied(a="0:2", b="log:1:100"), samples=64, seed=3)
    unit = qmc.Sobol(2, rng=np.random.default_rng(3)).random_base2(6)
    np.testing.assert_allclose(found["a"], 2 * unit[:, 0])
    np.testing.assert_allclose(found["b"], 10 ** (2 * unit[:, 1]))
    with pytest.warns(PhotonicsWarning, match="60 points of a Sobol sequence are not balanced; a power of 2 is: 64"):
        fewer = make_points("sobol", varied(a="0:2", b="log:1:100"), samples=60, seed=3)
    np.testing.assert_array_equal(fewer["a"], found["a"][:60])


def test_a_latin_hypercube_has_one_point_in_each_stratum() -> None:
    found = make_points("latin-hypercube", varied(a="0:50", b="-1:1"), samples=50)
    assert sorted(np.floor(found["a"]).astype(int).tolist()) == list(range(50))
    assert sorted(np.floor(25 * (found["b"] + 1)).astype(int).tolist()) == list(range(50))


def test_saltelli_points_are_two_samples_and_their_mixtures() -> None:
    found = make_points("saltelli", varied(a="0:1", b="0:1", c="0:1"), samples=16)
    table = np.stack([found[name] for name in "abc"], axis=1).reshape(5, 16, 3)
    first, second, *mixed = table
    assert not (first == second).any()
    for axis, one in enumerate(mixed):
        np.testing.assert_array_equal(one, np.where(np.arange(3) == axis, second, first))


@pytest.mark.parametrize("text", ["2:5", "5:2", "log:2:5"])
def test_whole_numbers_are_sampled_with_both_ends(text: str) -> None:
    whole = fit_kind("a", parse_values(text, where="a"), 1)
    found = make_points("sobol", {"a": whole}, samples=1024)["a"]
    assert found.dtype == np.int64
    counts = np.bincount(found, minlength=6)[2:]
    if text.startswith("log"):
        np.testing.assert_allclose(counts / 1024, np.diff(np.log(np.arange(2, 7))) / np.log(3), atol=0.01)
    else:
        assert counts.tolist() == [256] * 4


def test_lists_are_sampled_each_as_often() -> None:
    found = make_points("sobol", varied(a="x,y", b="0:1"), samples=64)
    assert (found["a"] == "x").sum() == 32


@pytest.mark.parametrize(
    ("design", "texts", "samples", "words"),
    [
        ("gird", {"a": "1"}, None, "no design 'gird'; did you mean grid"),
        ("grid", {"a": "0:1"}, None, r"a=0:1 is a range without a count; write a=0:1:11, or sample it"),
        ("grid", {"a": "1,1"}, None, "a has a value twice; give each once"),
        ("grid", {"a": "3:3:2"}, None, "a has a value twice"),
        ("grid", {"a": "1"}, 8, "--points is for sampled designs"),
        ("grid", {"a": "0:1:10000", "b": "0:1:10000"}, None, "100,000,000 points are more than 10,000,000"),
        ("zip", {"a": "1,2", "b": "1,2,3"}, None, "zipped lists are of one length; a has 2, b has 3"),
        ("sobol", {"a": "0:1"}, None, "say how many with --points"),
        ("sobol", {"a": "0:1"}, 0, "say how many with --points"),
        ("sobol", {"a": "0:0"}, 8, "a has a value twice"),
        ("saltelli", {"a": "0:1"}, 10, "need a power of 2; give 16"),
        ("saltelli", {"a": "0:1"}, 2**23, "more than 10,000,000"),
    ],
)
def test_designs_that_cannot_be_are_told(design: str, texts: dict[str, str], samples: int | None, words: str) -> None:
    with pytest.raises(PhotonicsError, match=words):
        make_points(design, varied(**texts), samples=samples)


def test_seeds_belong_to_the_chip_whatever_else_is_asked() -> None:
    seeds = chip_seeds(5, 40)
    assert len(set(seeds.tolist())) == 40
    assert (seeds >= 0).all()
    np.testing.assert_array_equal(chip_seeds(5, 7), seeds[:7])
    assert not np.isin(chip_seeds(6, 40), seeds).any()
    assert seeds[0] == int(np.random.SeedSequence(5, spawn_key=(0,)).generate_state(1, np.uint64)[0]) >> 1
    plan = asked(points=3, chips=4, seed=5).plan()
    assert {task.seeds for task in plan.tasks(np.arange(12))} == {(int(seed),) for seed in seeds[:4]}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"vary": {}}, "nothing is varied"),
        ({"seed": -1}, "--seed -1: seeds are 0 or more"),
        ({"chips": 0}, "--chips 0: from 1 on"),
        ({"chips": 10**7}, r"at most 10,000,000 trials in all \\(here 200,000,000\\)".replace("\\\\", "\\")),
        ({"vary": {"mesh.spliter.error_rad": [0.1]}}, "no field mesh.spliter.error_rad in card mzi-mems; did you mean"),
        ({"vary": {"trial.a/b": [1]}}, "no field trial.a/b"),
        ({"vary": {"trial..": [1]}}, r"no field trial\.\."),
        ({"vary": {ERROR: ["big"]}}, "takes numbers; found big"),
        ({"vary": {ERROR: [0.0, 9.0]}}, r"mesh\.splitter\.error_rad"),
        ({"vary": {KIND: ["loud"]}}, r"encoder\.kind"),
        ({"settings": {"mesh.nothing": 1}}, "no field mesh.nothing"),
        ({"trial": "fidelty"}, "no trial 'fidelty'; did you mean fidelity"),
        ({"trial": "nowhere:f"}, "--trial nowhere:f: cannot import it"),
        ({"trial": "os:nothing"}, "--trial os:nothing: cannot import it"),
        ({"trial": "os:sep"}, "--trial os:sep is no function"),
        ({"trial": lambda params, seed: {}}, "cannot be imported by a worker"),
        ({"shard": "3"}, "--shard 3: write k/K"),
        ({"shard": "4/3"}, "--shard 4/3"),
        ({"shard": "0/3"}, "--shard 0/3"),
    ],
)
def test_what_cannot_be_planned_is_told(more: dict[str, Any], words: str) -> None:
    one = asked()
    with pytest.raises(PhotonicsError, match=words):
        replace(one, **more).plan()


def test_shards_are_written_k_of_many() -> None:
    assert shard_of("2/5") == (2, 5)


def everything() -> Asked:
    return Asked(
        target=load_card("mzi-mems"),
        vary={ERROR: "log:0.01:0.05:3", "encoder.dac_bits": [4, 6], KIND: "phase,amplitude", "trial.far": "true,false"},
        chips=2,
        trial="tests.sim.sweeps.sweep_trials:smooth",
        settings={"trial.word": "gr\u00fcn", LOSS: 0.25},
        seed=2**40,
        shard="2/3",
    )


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    one = everything()
    plan = settle(one.plan(), tmp_path, one.target)
    plan.write(tmp_path)
    found = Plan.read(tmp_path)
    assert found.digest == plan.digest
    for name in ("name", "origin", "job", "design", "block", "meanings", "weights", "overrides", "shard", "conditions"):
        assert getattr(found, name) == getattr(plan, name), name
    for one_axis, other in zip(found.axes, plan.axes, strict=True):
        assert (one_axis.path, one_axis.unit, one_axis.long_name) == (other.path, other.unit, other.long_name)
        np.testing.assert_array_equal(one_axis.values, other.values)
    assert found.axes[0].unit == "rad"
    assert found.overrides == {LOSS: 0.25}
    assert list(map(str, found.tasks(np.arange(6)))) == list(map(str, plan.tasks(np.arange(6))))


def test_the_digest_tells_what_numbers_depend_on_and_nothing_else(tmp_path: Path) -> None:
    plan = asked().plan()
    same = [
        asked().plan(),
        asked(shard="1/2").plan(),
        replace(plan, origin="elsewhere.toml", conditions={}, job=replace(plan.job, paths=("elsewhere",))),
    ]
    other = [
        asked(seed=1).plan(),
        asked(chips=4).plan(),
        asked(points=21).plan(),
        asked("slow").plan(),
        asked(settings={"trial.ms": 3}).plan(),
        asked(settings={LOSS: 0.3}).plan(),
        asked(threads=2).plan(),
        replace(plan, block=2),
        replace(plan, weights="1"),
    ]
    assert {one.digest for one in same} == {plan.digest}
    digests = [plan.digest, *(one.digest for one in other)]
    assert len(set(digests)) == len(digests)


def test_paths_in_a_plan_are_relative_to_its_folder(workplace: Path) -> None:
    folder = planned(Path("deep") / "a")
    assert Plan.read(folder).job.paths == ("../..",)


def test_a_million_points_are_planned_in_a_moment(tmp_path: Path) -> None:
    plan = asked(vary={"trial.x": "0:1:1000", "trial.y": "0:1:1000"}, chips=1).plan()
    folder = tmp_path / "a"
    folder.mkdir()
    plan.write(folder)
    found = Plan.read(folder)
    assert (found.count, found.trials) == (10**6, 10**6)
    missing = found.missing_tasks(np.zeros((10**6, 1), dtype=np.uint8))
    task = next(found.tasks(missing[-1:]))
    assert (task.point, dict(task.params)) == (999_999, {"trial.x": 1.0, "trial.y": 1.0})


def test_blocks_of_chips_are_tasks_and_shards_share_them(tmp_path: Path) -> None:
    plan = Asked(target=load_card("mzi-mems"), vary={ERROR: [0.0, 0.01]}, chips=150).plan()
    assert plan.block == 64
    status = np.zeros((2, 150), dtype=np.uint8)
    tasks = list(plan.tasks(plan.missing_tasks(status)))
    assert [(task.point, task.first, len(task.seeds)) for task in tasks] == [
        (point, first, size) for point in range(2) for first, size in ((0, 64), (64, 64), (128, 22))
    ]
    status[0, :128], status[1, 5:] = 1, 1
    assert plan.missing_tasks(status).tolist() == [2, 3]
    assert plan.trials_of(plan.missing_tasks(status)) == 86
    assert sum(replace(plan, shard=(k, 4)).trials for k in range(1, 5)) == 300
