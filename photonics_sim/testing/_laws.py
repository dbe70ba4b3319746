"""Laws of physics as assertions, for our tests and for yours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from photonics_sim.device import Metered
from photonics_sim.testing._tolerances import tolerance


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Largest deviation over the largest expected magnitude."""
    if not expected.numel():
        return 0.0
    found, expected = found.detach(), expected.detach()
    return float((found - expected).abs().max()) / max(float(expected.abs().max()), 1e-30)


def assert_close(found: Tensor, expected: Tensor, kind: str = "rounding", what: str = "values") -> None:
    """Two tensors agree within the table's tolerance of this kind; see `tolerance`."""
    assert found.shape == expected.shape, f"{what}: shape {tuple(found.shape)}, expected {tuple(expected.shape)}"
    error, limit = relative_error(found, expected), tolerance(kind, found.dtype)
    assert error <= limit, f"{what} differ by {error:.2g} of the largest; {kind} in {found.dtype} allows {limit:.1g}"


def assert_unitary(S: Tensor, kind: str = "law") -> None:
    """S^H S = 1: no energy is lost or made. S is `(..., d, d)`."""
    eye = torch.eye(S.shape[-1], dtype=S.dtype, device=S.device).expand(S.shape)
    assert_close(S.mH @ S, eye, kind, "S^H S and 1")


def assert_reciprocal(S: Tensor, kind: str = "law") -> None:
    """S = S^T: the way back is the way there. S is `(..., d, d)`."""
    assert_close(S, S.mT, kind, "S and S^T")


def assert_passive(power_in: Tensor, power_out: Tensor, kind: str = "law") -> None:
    """No more power comes out than goes in."""
    excess = float((power_out / power_in).detach().max()) - 1
    limit = tolerance(kind, power_out.dtype)
    assert excess <= limit, f"power grows by {excess:.2g} of itself; {kind} in {power_out.dtype} allows {limit:.1g}"


def assert_metered_passive(device: Metered, x: Tensor, kind: str = "law") -> None:
    """A device that meters its power is passive on these inputs."""
    assert_passive(*device.power(x), kind)


def assert_adjoint(
    forward: Callable[[Tensor], Tensor],
    adjoint: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    kind: str = "law",
) -> None:
    """<A x, y> = <x, A^H y>: the two maps are each other's adjoint."""
    left, right = torch.vdot(forward(x).flatten(), y.flatten()), torch.vdot(x.flatten(), adjoint(y).flatten())
    assert_close(left[None], right[None], kind, "<A x, y> and <x, A^H y>")


def assert_symmetric(forward: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, kind: str = "law") -> None:
    """<y, A x> = <x, A y> without conjugates: light that is sent back by the same way (Lorentz reciprocity)."""
    left, right = (y * forward(x)).sum(), (x * forward(y)).sum()
    assert_close(left[None], right[None], kind, "<y, A x> and <x, A y>")


def assert_conserves_power(field: Tensor, arrived: Tensor, kind: str = "law") -> None:
    """As much power arrives as was sent."""
    sent, found = field.abs().square().sum(), arrived.abs().square().sum()
    assert_close(found[None], sent[None], kind, "power that arrives and power that was sent")


def assert_undoes(
    forward: Callable[[Tensor], Tensor], back: Callable[[Tensor], Tensor], x: Tensor, kind: str = "law"
) -> None:
    """The way back ends where the way there began."""
    assert_close(back(forward(x)), x, kind, "there and back")


def assert_adds_up(
    parts: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]],
    whole: Callable[[Tensor], Tensor],
    x: Tensor,
    kind: str = "law",
) -> None:
    """Two ways, one after the other, are the whole way: propagation is a semigroup."""
    assert_close(parts[1](parts[0](x)), whole(x), kind, "two parts and the whole")


def assert_gradient(function: Callable[..., Tensor], *inputs: Tensor, **options: Any) -> None:
    """Backward derivatives agree with finite differences in every input, all in double precision."""
    leaves = [value.detach().clone().requires_grad_() for value in inputs]
    torch.autograd.gradcheck(function, leaves, **({"rtol": 1e-5, "atol": 1e-7} | options))
