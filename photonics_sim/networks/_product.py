"""Products of branches."""

from __future__ import annotations

from torch import Tensor

from photonics_sim.networks._factors import FactorNet


class ProductNet(FactorNet):
    r"""The entrywise (Hadamard) product of N branches.

    .. math:: f(x) = \sqrt{s/m}\; C\,\bigl(\varphi(W_1 x) * \dots * \varphi(W_N x)\bigr)

    With branches that are identities, a homogeneous polynomial of degree N: Wu et al., NeurIPS 2022, arXiv:2209.07736,
    with s = 2. Its kernel for wide networks: `analysis.ntk.product`. Arguments and errors are those of `FactorNet`:
    `ProductNet(in_features, out_features=1, *, degree, width=1024, branch="relu", parametrisation="ntk", bias=0.0,
    scale=1.0, seed=0)`.
    """

    def hidden(self, x: Tensor) -> Tensor:
        x = self.with_constant(x)
        first, *others = self.factors
        h: Tensor = self.branch.apply(first(x))
        for factor in others:
            h = h * self.branch.apply(factor(x))
        return h
