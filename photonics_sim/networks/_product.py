"""Products of branches."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from photonics_sim.networks._branch import Branch
from photonics_sim.networks._net import HiddenNet, Parametrisation, check_count


class ProductNet(HiddenNet):
    r"""The entrywise (Hadamard) product of N branches.

    .. math:: f(x) = \sqrt{s/m}\; C\,\bigl(\varphi(W_1 x) * \dots * \varphi(W_N x)\bigr)

    With branches that are identities, a homogeneous polynomial of degree N: Wu et al., NeurIPS 2022, arXiv:2209.07736,
    with s = 2. Its kernel for wide networks: `analysis.ntk.product`.

    Args:
        degree: N.
        in_features, out_features, width, branch, parametrisation, bias, scale, seed: As in `HiddenNet`.

    Raises:
        PhotonicsError: for a degree below 1, and as in `HiddenNet`.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int = 1,
        *,
        degree: int,
        width: int = 1024,
        branch: str | Sequence[float] | Branch = "relu",
        parametrisation: Parametrisation = "ntk",
        bias: float = 0.0,
        scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(
            in_features, out_features, width=width, branch=branch, parametrisation=parametrisation, bias=bias,
            scale=scale, seed=seed,
        )  # fmt: skip
        check_count("degree", degree)
        self.degree = degree
        self.factors = self.branches(degree)

    def hidden(self, x: Tensor) -> Tensor:
        x = self.with_constant(x)
        first, *others = self.factors
        h: Tensor = self.branch.apply(first(x))
        for factor in others:
            h = h * self.branch.apply(factor(x))
        return h
