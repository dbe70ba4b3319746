"""The kernel of a multi-pass processor: the mean over random masks in closed form, and its limit, complete mixing."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, jacrev, vmap

from photonics_devices import MultiPassProcessor
from photonics_sim import PhotonicsError, load_device
from photonics_sim.analysis.ntk import empirical
from photonics_sim.analysis.spectral import monomial_rank, monomials
from photonics_sim.device import normal
from photonics_sim.testing import assert_close

SMALL: dict[str, Any] = {
    "inputs": 4, "classes": 2, "pixels": 10, "passes": 3, "region_px": 2, "spacing_mm": 1.0, "encoder.dac_bits": 0,
    "mask.phase_bits": 0, "encoder.extinction_db": 15.0,
}  # fmt: skip
FILLED: dict[str, Any] = {"inputs": 25, "data_share": 1.0}  # squares of two pixels, edge to edge
PHASE: dict[str, Any] = {"encoder.kind": "phase", "encoder.extinction_db": 0.0, "encoder.drive_rad": 1.0}
ALONE: dict[str, Any] = {"loop.coupling": 0.0, "loop.fresh_share": 0.0}


def build(**fields: Any) -> MultiPassProcessor:
    device = load_device("multipass-visible", **(SMALL | fields)).double().requires_grad_(False)
    assert isinstance(device, MultiPassProcessor)
    device.log_gain.fill_(5.0)
    return device


def kernels(device: MultiPassProcessor, x: Tensor, draws: int, block: int = 100) -> tuple[Tensor, Tensor]:
    """Parts by the phases and by the gain of as many devices with random masks, each `(draws, classes, a, a)`."""

    def of_masks(phases: Tensor) -> tuple[Tensor, Tensor]:
        def run(phases: Tensor, log_gain: Tensor) -> Tensor:
            out: Tensor = functional_call(device, {"masks.phases": phases, "log_gain": log_gain}, (x,))
            return out

        by_phases, by_gain = jacrev(run, argnums=(0, 1))(phases, device.log_gain)
        each = by_phases.flatten(2)
        return torch.einsum("aci,bci->cab", each, each), torch.einsum("ac,bc->cab", by_gain, by_gain)

    turn = torch.Generator().manual_seed(11)
    shape = (draws, *device.masks.phases.shape)
    phases = 2 * math.pi * torch.rand(shape, generator=turn, dtype=torch.float64)
    parts = [vmap(of_masks)(some) for some in phases.split(block)]
    return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])


def deviation(found: Tensor, expected: Tensor) -> float:
    """Root mean square of the deviation of a mean over draws, in standard errors."""
    error = found.std(0) / math.sqrt(len(found))
    return float(((found.mean(0) - expected) / error).square().mean().sqrt())


@pytest.mark.parametrize("fields", [{}, PHASE | ALONE])
def test_the_kernel_is_the_mean_over_random_masks(fields: dict[str, Any]) -> None:
    """And neither that of another number of passes, nor that of complete mixing, nor one without the gain."""
    device, x = build(**fields), normal(7, 3, 4)
    by_phases, by_gain = kernels(device, x, 400)
    expected = device.expected_kernel(x)
    assert expected.shape == (2, 3, 3)
    assert deviation(by_phases + by_gain, expected) < 2
    fewer = {"passes": 2} | ({} if "encoder.kind" in fields else {"loop.fresh_share": 0.4})
    assert deviation(by_phases + by_gain, build(**(fields | fewer)).expected_kernel(x)) > 10
    assert deviation(by_phases + by_gain, device.expected_kernel(x, mixing="complete")) > 10
    assert deviation(by_phases, expected) > 10


def test_one_device_is_the_mean_where_planes_have_many_pixels() -> None:
    """What one device's phases learn scatters as one over the root of the pixels; the square of its output does not."""
    scatter = []
    for pixels in (10, 20):
        device = build(**FILLED, **ALONE, pixels=pixels, region_px=1, spacing_mm=0.12 * pixels)
        parts = kernels(device, normal(7, 2, 25), 200)
        scatter.append([float(part.std(0).norm() / part.mean(0).norm()) for part in parts])
    assert scatter[0][0] / scatter[1][0] == pytest.approx(2, rel=0.25)
    assert scatter[1][1] > 1


@pytest.mark.parametrize("fields", [{}, {"loop.loss_db": 0.0} | ALONE, PHASE])
@pytest.mark.parametrize("passes", [1, 2, 4])
def test_complete_mixing_is_the_recursion_of_the_nested_network(fields: dict[str, Any], passes: int) -> None:
    """In one number for each pair of data, the overlap of their encodings; a loop alone has (n + 1) k^n."""
    more = fields if passes > 1 else fields | ALONE
    device = build(**FILLED, **more, passes=passes)
    card, x, y = device.card, normal(7, 3, 25), normal(8, 2, 25)
    d, e = (device.write(data, None).flatten(-2) for data in (x, y))
    k = 10 ** (-card.mask.main_order_loss_db / 10) * (d @ e.mH) / 100
    V = torch.full_like(k, card.first_field**2)
    K = T = k * V
    for _ in range(passes - 1):
        V = card.kept_field**2 * K + card.fresh_field**2
        K, T = k * V, k * V + card.kept_field**2 * k * T
    scale = (math.exp(5) * card.slope) ** 2 / 2 / 100
    expected = scale * (K + T).real
    assert_close(device.expected_kernel(x, y, mixing="complete"), expected.expand(2, 3, 2), "rounding")
    if "loop.loss_db" in fields:
        assert_close(expected, scale * (1 - card.oscillator_share) * (passes + 1) * (k**passes).real, "rounding")


def test_free_space_mixes_completely_in_the_end() -> None:
    """A loop alone comes near complete mixing as light of a pixel spreads over the plane, which it is at 1.2 mm."""
    x, off = normal(7, 6, 25), []
    for spacing_mm in (0.1, 1.2, 4.0, 16.0):
        device = build(**FILLED, **ALONE, spacing_mm=spacing_mm)
        found, limit = device.expected_kernel(x).mean(0), device.expected_kernel(x, mixing="complete").mean(0)
        off.append(float((found / found.trace() - limit / limit.trace()).norm() * limit.trace() / limit.norm()))
    assert off[0] > 5 * off[1] > 25 * off[2]
    assert off[3] < 1e-3


def test_a_kernel_is_symmetric_and_not_negative() -> None:
    x = normal(7, 12, 4)
    kernel = build().expected_kernel(x)
    assert_close(kernel, kernel.mT, "rounding")
    least = torch.linalg.eigvalsh(kernel)[:, 0]
    assert float(least.min()) > -1e-12 * float(kernel.abs().max())
    assert_close(build().expected_kernel(x[:5], x[5:]), kernel[:, :5, 5:], "rounding")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"mask.phase_bits": 1}, r"phase_bits = 1: two phases are not even over a turn"),
        ({"mask.fringing_px": 0.5}, r"fringing_px = 0.5: phases of neighbours are not independent"),
        ({"mask.gap_transmission": 0.5}, r"gap_transmission = 0.5: light of the gaps has no random phase"),
        (
            {"mask.refractive_index": 1.5, "mask.absorption_per_m": 9.0},
            r"absorption_per_m = 9: phases change the power",
        ),
        ({"mask.curve.drive": [0.0, 1.0], "mask.curve.phase_rad": [0.0, 3.0]}, r"mask.curve reaches 3 rad"),
    ],
)
def test_masks_that_do_not_average_to_darkness_are_refused(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(PhotonicsError, match=match):
        build(**fields).expected_kernel(normal(7, 2, 4))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(PhotonicsError, match=r"mixing = 'compleet' is unknown; .* complete"):
        build().expected_kernel(normal(7, 2, 4), mixing="compleet")  # type: ignore[arg-type]
    with pytest.raises(PhotonicsError, match=r"takes inputs \(\*batch, 4\)"):
        build().expected_kernel(normal(7, 2, 4), normal(7, 2, 5))
    with pytest.raises(PhotonicsError, match=r"inputs must be finite"):
        build().expected_kernel(normal(7, 2, 4) / 0)


@pytest.mark.parametrize("passes", [1, 2, 3])
@pytest.mark.parametrize("extinction_db", [15.0, 0.0])
def test_its_functions_are_the_monomials_up_to_the_number_of_passes(passes: int, extinction_db: float) -> None:
    """A polynomial network in optics; where modulators go fully dark, no light is left for the constant."""
    device = build(passes=passes, **{"encoder.extinction_db": extinction_db}).requires_grad_(True)
    with torch.no_grad():
        device.masks.phases.copy_(6 * normal(3, *device.masks.phases.shape))
    inputs = device.in_features
    whole = monomials(inputs, passes, "product", bias=True) if extinction_db else monomials(inputs, passes, "skip")
    assert whole == math.comb(inputs + passes, passes) - (not extinction_db)
    assert monomial_rank(lambda x, y: empirical(device, x, y), inputs) == whole
