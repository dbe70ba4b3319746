"""Networks without products, to hold polynomial ones against: layers one behind the other."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from photonics_sim.networks._branch import Branch
from photonics_sim.networks._net import HiddenNet, Parametrisation, check_count


class MLP(HiddenNet):
    r"""Layers one behind the other, with ReLU or a polynomial as activation.

    .. math:: h_1 = \varphi(W_1 x), \quad h_l = \varphi(W_l h_{l-1} / \sqrt m), \quad f = \sqrt{s/m}\; C h_L

    With a polynomial of degree p, a polynomial of degree p^L. Its kernels for wide networks: `analysis.ntk.relu_mlp`
    and `polynomial_mlp`. A bias enters with x, in the first layer alone; in the parametrisation "standard" in each.

    Args:
        depth: L, hidden layers.
        in_features, out_features, width, branch, parametrisation, bias, scale, seed: As in `HiddenNet`.

    Raises:
        PhotonicsError: for a depth below 1, and as in `HiddenNet`.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int = 1,
        *,
        depth: int,
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
        check_count("depth", depth)
        self.depth = depth
        later = (self.linear(width, width, f"layer {number}") for number in range(1, depth))
        self.layers = nn.ModuleList([*self.branches(1), *later])

    def hidden(self, x: Tensor) -> Tensor:
        first, *others = self.layers
        h: Tensor = self.branch.apply(first(self.with_constant(x)))
        for layer in others:
            h = self.branch.apply(layer(h) * self.between)
        return h
