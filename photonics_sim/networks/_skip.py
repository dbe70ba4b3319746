"""Products of branches with skip connections."""

from __future__ import annotations

from torch import Tensor

from photonics_sim.networks._factors import FactorNet


class SkipNet(FactorNet):
    r"""The CCP network: each product keeps what was there before it.

    .. math:: z_1 = \varphi(W_1 x), \quad z_n = \varphi(W_n x) * z_{n-1} + z_{n-1}, \quad f = \sqrt{s/m}\; C z_N

    With branches that are identities, a polynomial of all degrees from 1 to N: the coupled CP decomposition of
    Chrysos et al., CVPR 2020, arXiv:2003.03828. Its kernel for wide networks: `analysis.ntk.skip`. Arguments and errors
    are those of `FactorNet`: `SkipNet(in_features, out_features=1, *, degree, width=1024, branch="relu",
    parametrisation="ntk", bias=0.0, scale=1.0, seed=0)`.
    """

    def hidden(self, x: Tensor) -> Tensor:
        x = self.with_constant(x)
        first, *others = self.factors
        z: Tensor = self.branch.apply(first(x))
        for factor in others:
            z = z + z * self.branch.apply(factor(x))
        return z
