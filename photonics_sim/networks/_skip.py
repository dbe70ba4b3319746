"""Products of branches with skip connections."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from photonics_sim.networks._branch import Branch
from photonics_sim.networks._net import HiddenNet, Parametrisation, check_count


class SkipNet(HiddenNet):
    r"""The CCP network: each product keeps what was there before it.

    .. math:: z_1 = \varphi(W_1 x), \quad z_n = \varphi(W_n x) * z_{n-1} + z_{n-1}, \quad f = \sqrt{s/m}\; C z_N

    With branches that are identities, a polynomial of all degrees from 1 to N: the coupled CP decomposition of
    Chrysos et al., CVPR 2020, arXiv:2003.03828. Its kernel for wide networks: `analysis.ntk.skip`.

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
        z: Tensor = self.branch.apply(first(x))
        for factor in others:
            z = z + z * self.branch.apply(factor(x))
        return z
