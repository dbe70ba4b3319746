"""Data sets of the user's own: the layout, the split, and every mistake named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import Subset, TensorDataset

from photonics_sim import datasets
from photonics_sim.errors import PhotonicsError

N = 60


def table(**changes: Any) -> dict[str, Any]:
    """Sixty samples in three classes, each with its own number as first feature."""
    arrays: dict[str, Any] = {
        "inputs": np.column_stack([np.arange(N), np.arange(N) % 7]).astype(np.float64),
        "targets": np.arange(N) % 3,
    }
    arrays |= changes
    return {name: array for name, array in arrays.items() if array is not None}


def saved(folder: Path, **changes: Any) -> Path:
    np.savez(folder / "mine.npz", **table(**changes))
    return folder / "mine.npz"


def test_a_table_is_split_into_disjoint_parts_of_every_class(tmp_path: Path) -> None:
    dataset = datasets.load_file(saved(tmp_path))
    assert (dataset.name, dataset.task, dataset.classes) == ("mine", "classification", ("0", "1", "2"))
    assert (dataset.shape, dataset.features, dataset.outputs) == ((2,), 2, 3)
    assert [len(part) for part in dataset.parts.values()] == [42, 6, 12]
    numbers = torch.cat([part.inputs[:, 0] for part in dataset.parts.values()])
    assert sorted(numbers.int().tolist()) == list(range(N))
    for part in dataset.parts.values():
        assert torch.equal(part.targets, part.inputs[:, 0].long() % 3)
        assert len(set(torch.bincount(part.targets).tolist())) == 1


def test_the_split_depends_on_no_seed(tmp_path: Path) -> None:
    path = saved(tmp_path)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global seed must not matter
    one = datasets.load_file(path).digest
    torch.manual_seed(2)
    assert datasets.load_file(path).digest == one
    assert datasets.load_file(path).test.inputs[:, 0].tolist() != sorted(range(N))[:12]


def test_h5_and_npz_hold_the_same_data_set(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        for name, array in table().items():
            file[name] = array
        file["classes"] = np.array(["red", "green", "blue"], dtype="S")
    npz = datasets.load_file(saved(tmp_path, classes=np.array(["red", "green", "blue"])))
    h5 = datasets.load_file(tmp_path / "mine.h5")
    assert h5.digest == npz.digest
    assert h5.classes == npz.classes == ("red", "green", "blue")


def test_floats_are_regression_with_one_or_more_columns(tmp_path: Path) -> None:
    one = datasets.load_file(saved(tmp_path, targets=np.linspace(0, 5, N)))
    assert (one.task, one.outputs, one.train.targets.shape[1]) == ("regression", 1, 1)
    names = np.array(["gain", "loss"])
    two = datasets.load_file(saved(tmp_path, targets=np.random.default_rng(0).normal(size=(N, 2)), classes=names))
    assert (two.outputs, two.classes) == (2, ("gain", "loss"))
    assert two.train.targets.dtype == torch.float32
    assert "2 target columns" in repr(two)


def test_given_parts_are_kept(tmp_path: Path) -> None:
    split = np.repeat([0, 1, 2], [40, 10, 10])
    by_split = datasets.load_file(saved(tmp_path, split=split))
    assert by_split.test.inputs[:, 0].tolist() == list(range(50, 60))
    test = {"test_inputs": np.full((4, 2), 9.5), "test_targets": np.array([0, 1, 2, 0])}
    by_arrays = datasets.load_file(saved(tmp_path, **test))
    assert torch.equal(by_arrays.test.inputs, torch.full((4, 2), 9.5))
    assert [len(part) for part in by_arrays.parts.values()] == [54, 6, 4]


def test_images_of_any_byte_order_are_kept_in_shape(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((N, 4, 6)).astype(">f8")
    dataset = datasets.load_file(saved(tmp_path, inputs=images))
    assert dataset.shape == (4, 6)
    assert dataset.pooled_side is None
    colour = datasets.load_file(saved(tmp_path, inputs=np.stack([images] * 3, axis=1)))
    assert colour.shape == (3, 4, 6)


def _with(array: NDArray[Any], index: Any, value: float) -> NDArray[Any]:
    changed = array.copy()
    changed[index] = value
    return changed


INPUTS = table()["inputs"]
MISTAKES = {
    "nan": ({"inputs": _with(INPUTS, (3, 1), np.nan)}, r"inputs\[3, 1\] is nan"),
    "infinite target": ({"targets": _with(np.linspace(0, 1, N), 7, np.inf)}, r"targets\[7\] is inf"),
    "beyond float32": ({"inputs": _with(INPUTS, (0, 0), 1e300)}, r"inputs\[0, 0\] is 1e\+300, too large"),
    "complex": ({"inputs": INPUTS + 1j}, "complex128, expected real numbers; give real and imaginary"),
    "text inputs": ({"inputs": INPUTS.astype(str)}, "expected real numbers"),
    "one axis": ({"inputs": INPUTS[:, 0]}, r"shape \(60,\).*reshape\(-1, 1\)"),
    "films": ({"inputs": np.ones((N, 2, 3, 4, 4))}, "flatten each sample"),
    "no samples": ({"inputs": np.ones((0, 2))}, "inputs is empty"),
    "lengths": ({"targets": np.arange(59) % 3}, "inputs has 60 but targets has 59 samples"),
    "text labels": ({"targets": np.array(["a", "b", "c"] * 20)}, "put names in `classes`"),
    "complex labels": ({"targets": INPUTS[:, 0] * 1j}, "expected real numbers"),
    "one-hot": ({"targets": np.eye(3, dtype=int)[np.arange(N) % 3]}, r"argmax\(axis=1\)"),
    "label column": ({"targets": (np.arange(N) % 3)[:, None]}, r"ravel\(\) flattens it"),
    "negative": ({"targets": _with(np.arange(N) % 3, 5, -1)}, r"targets\[5\] is -1, which is no class"),
    "from one": ({"targets": np.arange(N) % 3 + 1}, "class 0 has no samples"),
    "gap": ({"targets": np.arange(N) % 3 * 2}, "up to class 4 but class 1 has no samples.*floats"),
    "one class": ({"targets": np.zeros(N, dtype=int)}, "only class 0"),
    "constant column": ({"targets": np.ones((N, 2)) * [1, 2]}, "column 0 of targets is constant"),
    "constant inputs": ({"inputs": np.ones((N, 2))}, "all samples of the train part are the same"),
    "scalar values": ({"targets": np.ones((N, 1, 1))}, r"expected \(n,\) or \(n, k\)"),
    "few names": ({"classes": np.array(["a", "b"])}, "up to class 2 but classes has 2 names"),
    "names twice": ({"classes": np.array(["a", "b", "a"])}, "names something twice"),
    "column names": ({"targets": np.linspace(0, 1, N), "classes": np.array(["a", "b"])}, "1 columns"),
    "numbers as names": ({"classes": np.arange(3)}, "list of text"),
    "split type": ({"split": np.linspace(0, 2, N)}, "0 for train"),
    "split value": ({"split": np.arange(N) % 4}, "0 for train"),
    "split length": ({"split": np.zeros(9, dtype=int)}, "split has 9 samples"),
    "split without test": ({"split": np.arange(N) % 2}, "0 of 60 samples are in the test part"),
    "unlearned class": (
        {"split": np.where(np.arange(N) % 3 == 2, 2, np.arange(N) // 3 % 2)},
        "class 2 is not in",
    ),
    "two tests": (
        {"split": np.arange(N) % 3, "test_inputs": INPUTS, "test_targets": np.arange(N) % 3},
        "both split",
    ),
    "half a test": ({"test_inputs": INPUTS}, "test_targets is missing"),
    "other half": ({"test_targets": np.arange(N) % 3}, "test_inputs is missing"),
    "test width": (
        {"test_inputs": INPUTS[:, :1], "test_targets": np.arange(N) % 3},
        r"one of test_inputs \(1,\)",
    ),
    "test task": (
        {"test_inputs": INPUTS, "test_targets": np.linspace(0, 1, N)},
        "class numbers, test_targets values",
    ),
    "test length": ({"test_inputs": INPUTS, "test_targets": np.arange(9) % 3}, "test_targets has 9 samples"),
    "few samples": ({"inputs": INPUTS[:9], "targets": np.arange(9) % 3}, "are needed; give more samples"),
    "no targets": ({"targets": None, "labels": np.arange(N)}, "no array is called targets.*inputs, labels"),
    "misspelt": ({"test_input": INPUTS}, "did you mean test_inputs"),
    "objects": ({"targets": np.array([{"a": 1}] * N, dtype=object)}, "Python objects"),
}


@pytest.mark.parametrize(("changes", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_named_in_one_line(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = saved(tmp_path, **changes)
    with pytest.raises(PhotonicsError, match=message) as caught:
        datasets.load_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_named_classes_may_be_without_samples(tmp_path: Path) -> None:
    dataset = datasets.load_file(saved(tmp_path, classes=np.array(["a", "b", "c", "d"])))
    assert dataset.outputs == 4


def test_links_and_groups_in_h5_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["inputs"] = INPUTS
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["inputs"] = h5py.ExternalLink("other.h5", "/inputs")
        file["targets"] = np.arange(N) % 3
    with pytest.raises(PhotonicsError, match="'inputs' is a link"):
        datasets.load_file(tmp_path / "link.h5")
    with h5py.File(tmp_path / "group.h5", "w") as file:
        file["train/inputs"] = INPUTS
    with pytest.raises(PhotonicsError, match="/train is a group; put the arrays at the top level"):
        datasets.load_file(tmp_path / "group.h5")


def test_other_and_absent_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"read from \.npz and \.h5"):
        datasets.load_file(tmp_path / "mine.csv")
    for name in ("absent.npz", "absent.h5"):
        with pytest.raises(PhotonicsError, match="no such file"):
            datasets.load_file(tmp_path / name)


def test_tensors_become_the_data_set_their_file_would_be(tmp_path: Path) -> None:
    arrays = table()
    tensors = TensorDataset(torch.tensor(arrays["inputs"]), torch.tensor(arrays["targets"]))
    dataset = datasets.from_tensors(tensors, name="mine")
    assert dataset.digest == datasets.load_file(saved(tmp_path)).digest
    assert dataset.name == "mine"


def test_the_task_can_be_forced() -> None:
    inputs = torch.rand((N, 3), dtype=torch.bfloat16, requires_grad=True)
    labels = torch.arange(N) % 3
    assert datasets.from_tensors(TensorDataset(inputs, labels), task="regression").outputs == 1
    as_floats = datasets.from_tensors(TensorDataset(inputs, labels.half()), task="classification")
    assert as_floats.train.targets.dtype == torch.int64
    with pytest.raises(PhotonicsError, match=r"targets\[1\] is 0.5, which is no class number"):
        datasets.from_tensors(TensorDataset(inputs, labels / 2), task="classification")


def test_a_data_set_does_not_change_with_the_tensors_it_came_from() -> None:
    inputs = torch.rand((N, 3))
    dataset = datasets.from_tensors(TensorDataset(inputs, torch.rand(N)))
    before = dataset.train.inputs.clone()
    inputs.zero_()
    assert torch.equal(dataset.train.inputs, before)


def test_what_is_no_pair_of_tensors_is_refused() -> None:
    tensors = TensorDataset(torch.rand((N, 3)), torch.arange(N) % 3)
    with pytest.raises(PhotonicsError, match="not a Subset"):
        datasets.from_tensors(Subset(tensors, [0, 1]))  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match="1 tensors"):
        datasets.from_tensors(TensorDataset(torch.rand(N)))
    with pytest.raises(PhotonicsError, match="not for 'regresion'; did you mean regression"):
        datasets.from_tensors(tensors, task="regresion")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match=r"call to_dense\(\)"):
        datasets.from_tensors(TensorDataset(torch.eye(N).to_sparse(), torch.arange(N) % 3))
