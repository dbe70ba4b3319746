"""Keys and numbers that depend on nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from photonics_sim.device import derive_key, normal
from photonics_sim.testing import tolerance


def test_a_key_is_the_same_for_ever() -> None:
    assert derive_key(2509, "chip", 3) == 7256078169777071462


def test_a_key_does_not_depend_on_the_process() -> None:
    code = "from photonics_sim.device import derive_key as k, normal as n; print(k(1, 'a'), n(7, 3).tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(" ", 1) == [str(derive_key(1, "a")), f"{normal(7, 3).tolist()}\n"]


def test_names_do_not_run_together() -> None:
    keys = [
        derive_key(1, "23"),
        derive_key(12, "3"),
        derive_key(123),
        derive_key(1, "2", "3"),
        derive_key(0, "1", "23"),
        derive_key(0, "12", "3"),
        derive_key(0, "123"),
        derive_key(0, "a", "b"),
        derive_key(0, "b", "a"),
        derive_key(-1, "a"),
    ]
    assert len(set(keys)) == len(keys)


def test_keys_are_seeds() -> None:
    for seed in range(200):
        key = derive_key(seed, "x")
        assert 0 <= key < 2**63
    assert normal(derive_key(2**31 - 1, "x"), 1).isfinite().all()


def test_the_same_numbers_in_both_precisions(dtype: torch.dtype) -> None:
    like = torch.empty(0, dtype=dtype)
    double = normal(5, 4, 3)
    assert double.dtype == torch.float64
    assert normal(5, 4, 3, like=like).dtype == dtype
    assert torch.equal(normal(5, 4, 3, like=like), double.to(dtype))


def test_the_global_generator_is_neither_used_nor_moved() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = normal(5, 3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(normal(5, 3), one)
    assert not torch.equal(normal(6, 3), one)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3, 4)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    assert normal(1, *shape).shape == shape


def test_they_are_standard_normal() -> None:
    """Moments within five standard errors."""
    n = 100_000
    x = normal(derive_key(0, "moments"), n)
    assert abs(float(x.mean())) < 5 / n**0.5
    assert abs(float(x.square().mean()) - 1) < 5 * (2 / n) ** 0.5
    assert abs(float(x.pow(3).mean())) < 5 * (15 / n) ** 0.5
    assert abs(float(x.pow(4).mean()) - 3) < 5 * (96 / n) ** 0.5


def test_neighbouring_keys_are_uncorrelated() -> None:
    n = 50_000
    one, two = (normal(derive_key(0, "chip", k), n) for k in (0, 1))
    assert abs(float((one * two).mean())) < 5 / n**0.5 + tolerance("equal", torch.float64)
