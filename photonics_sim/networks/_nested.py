"""Nested products: what a loop through one modulator computes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError
from photonics_sim.networks._branch import Branch
from photonics_sim.networks._factors import FactorNet
from photonics_sim.networks._net import Parametrisation, check_count


class NestedNet(FactorNet):
    r"""The NCP network: each product meets a mixture of the one before, and something new.

    .. math::
        y_1 = \varphi(A_1 x) * \beta_1 b_1, \quad
        y_n = \varphi(A_n x) * \left(S_n y_{n-1} / \sqrt m + \beta_n b_n\right), \quad f = \sqrt{s/m}\; C y_N

    The nested coupled CP decomposition of Chrysos et al., CVPR 2020, arXiv:2003.03828. In optics y is the light,
    A_n x the modulator it crosses, S_n the mixing between two crossings and b_n light that joins it
    (`photonics_devices.MultiPassProcessor`). Its kernel for wide networks: `analysis.ntk.nested`.

    Args:
        degree: N.
        injection: beta_n, one number for all n, or N of them.
        in_features, out_features, width, branch, parametrisation, bias, scale, seed: As in `FactorNet`.

    Raises:
        PhotonicsError: for a degree below 1, injections that are not finite or not N, a first one of 0 (no light would
            ever enter), and as in `FactorNet`.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int = 1,
        *,
        degree: int,
        width: int = 1024,
        branch: str | Sequence[float] | Branch = "relu",
        injection: float | Sequence[float] = 1.0,
        parametrisation: Parametrisation = "ntk",
        bias: float = 0.0,
        scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(
            in_features, out_features, degree=degree, width=width, branch=branch, parametrisation=parametrisation,
            bias=bias, scale=scale, seed=seed,
        )  # fmt: skip
        self.injection = injections(injection, degree)
        self.mixing = nn.ModuleList(self.linear(width, width, f"mixing {number}") for number in range(1, degree))
        entering = torch.stack([normal(derive_key(seed, "entering", number), width) for number in range(degree)])
        self.entering = nn.Parameter(entering.to(torch.get_default_dtype()))

    def hidden(self, x: Tensor) -> Tensor:
        x = self.with_constant(x)
        y: Tensor = self.branch.apply(self.factors[0](x)) * (self.injection[0] * self.entering[0])
        later = zip(self.factors[1:], self.mixing, self.injection[1:], self.entering[1:], strict=True)
        for factor, mixing, beta, entering in later:
            y = self.branch.apply(factor(x)) * (mixing(y) * self.between + beta * entering)
        return y


def injections(beta: float | Sequence[float], degree: int) -> tuple[float, ...]:
    """beta_1 ... beta_N from one number for all, or N of them.

    Raises:
        PhotonicsError: for a degree below 1, another count, numbers that are not finite, and a first one of 0.
    """
    check_count("degree", degree)
    given = torch.as_tensor(beta, dtype=torch.float64)
    several = tuple((given.expand(degree) if given.ndim == 0 else given.flatten()).tolist())
    if len(several) != degree:
        raise PhotonicsError(f"injection has {len(several)} numbers for degree {degree}; give one, or {degree}")
    if not all(map(math.isfinite, several)) or several[0] == 0:
        raise PhotonicsError(f"injection = {several}: finite numbers, the first of which is not 0: it starts the chain")
    return several
