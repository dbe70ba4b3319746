"""The real part of a complex product, against itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from photonics_sim.device import normal
from photonics_sim.reuse._quadrature import quadrature_product
from photonics_sim.testing import assert_close, assert_gradient


def operands(dtype: torch.dtype, *lead: int) -> tuple[Tensor, Tensor, Tensor]:
    first, second = (
        torch.complex(normal(k, *lead, *s), normal(k + 9, *lead, *s)) for k, s in ((1, (4, 3)), (2, (3, 5)))
    )
    return first.to(dtype.to_complex()), second.to(dtype.to_complex()), normal(3, *lead[-1:], 3).to(dtype)


@pytest.mark.parametrize("lead", [(), (2,), (4, 2)])
def test_it_is_the_real_part(dtype: torch.dtype, lead: tuple[int, ...]) -> None:
    first, second, transmission = operands(dtype, *lead)
    expected = (first @ (transmission.unsqueeze(-1) * second)).real
    assert_close(quadrature_product(first, second, transmission), expected)
    assert_close(quadrature_product(first.conj().resolve_conj().conj(), second, transmission), expected)


def test_gradients() -> None:
    assert_gradient(quadrature_product, *operands(torch.float64, 4, 2))
    inputs = [tensor.requires_grad_() for tensor in operands(torch.float64, 2)]
    assert torch.autograd.gradgradcheck(quadrature_product, inputs)


def test_function_transforms() -> None:
    first, second, transmission = operands(torch.float64, 2)

    def read(values: Tensor) -> Tensor:
        return quadrature_product(first, second, values)

    forward, backward = torch.func.jacfwd(read)(transmission), torch.func.jacrev(read)(transmission)
    assert_close(forward, backward)
    rows = torch.stack([transmission, 2 * transmission])
    assert_close(torch.func.vmap(read)(rows)[1], 2 * read(transmission))
