"""Networks of N branches of one input, whose number is their degree."""

from __future__ import annotations

from collections.abc import Sequence

from photonics_sim.networks._branch import Branch
from photonics_sim.networks._net import HiddenNet, Parametrisation, check_count


class FactorNet(HiddenNet):
    """N branches W_n x; a subclass says what their products are.

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
