"""The closed form that belongs to a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from photonics_sim.analysis.ntk._closed import MEMORY_MB, nested, polynomial_mlp, product, relu_mlp, skip
from photonics_sim.analysis.ntk._gram import Gram
from photonics_sim.analysis.ntk._width import Family, finite_width_error
from photonics_sim.errors import PhotonicsError
from photonics_sim.networks import MLP, Branch, NestedNet, ProductNet, SkipNet


@dataclass(frozen=True)
class ClosedForm:
    """The kernel of a network as it would be with infinitely many neurons: a function of inputs.

    Attributes:
        family: "product", "skip", "nested" or "mlp".
        degree: N; of "mlp" the depth.
        width: m of the network.
        branch, bias, scale, injection: Of the network.
    """

    family: Family
    degree: int
    width: int
    branch: Branch
    bias: float = 0.0
    scale: float = 1.0
    injection: tuple[float, ...] = ()

    def __call__(
        self, x: Tensor | Gram, y: Tensor | None = None, *, memory_mb: float = MEMORY_MB, out: Tensor | None = None
    ) -> Tensor:
        """Theta `(n, m)`; arguments and errors as in `product`."""
        common: dict[str, Any] = {"bias": self.bias, "scale": self.scale, "memory_mb": memory_mb, "out": out}
        if self.family == "mlp":
            if self.branch.coefficients is None:
                return relu_mlp(x, y, depth=self.degree, **common)
            return polynomial_mlp(x, y, depth=self.degree, coefficients=self.branch, **common)
        if self.family == "nested":
            return nested(x, y, degree=self.degree, branch=self.branch, injection=self.injection, **common)
        kernel = product if self.family == "product" else skip
        return kernel(x, y, degree=self.degree, branch=self.branch, **common)

    def finite_width_error(self, squared_norm: float = 1.0) -> float:
        """By how much Theta(x, x) of the network itself is off, one standard deviation; see `finite_width_error`."""
        return finite_width_error(
            self.family, degree=self.degree, width=self.width, branch=self.branch, injection=self.injection or 1.0,
            squared_norm=squared_norm, bias=self.bias,
        )  # fmt: skip


def closed_form(net: nn.Module) -> ClosedForm:
    """The closed form of a network of `photonics_sim.networks`; of several outputs each has it.

    Raises:
        PhotonicsError: for other modules, and for the parametrisation "standard".
    """
    families: dict[type[nn.Module], Family] = {ProductNet: "product", SkipNet: "skip", NestedNet: "nested", MLP: "mlp"}
    family = families.get(type(net))
    if family is None or not isinstance(net, ProductNet | SkipNet | NestedNet | MLP):
        known = ", ".join(kind.__name__ for kind in families)
        raise PhotonicsError(
            f"no closed form is known for {type(net).__name__}, only for {known} of photonics_sim.networks; the "
            "empirical kernel takes any network"
        )
    if net.parametrisation != "ntk":
        raise PhotonicsError(
            'with the parametrisation "standard" layers move at rates that depend on their widths, so that the kernel '
            'has no limit for wide networks; build the network with parametrisation="ntk", or take its empirical kernel'
        )
    degree = net.depth if isinstance(net, MLP) else net.degree
    injection = net.injection if isinstance(net, NestedNet) else ()
    return ClosedForm(family, degree, net.width, net.branch, net.bias, net.scale, injection)
