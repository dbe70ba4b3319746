"""What polynomial networks share: their sizes, their parametrisation, their readout."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from photonics_sim.device import derive_key, normal
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.networks._branch import Branch

Parametrisation = Literal["ntk", "standard"]


class HiddenNet(nn.Module, ABC):
    r"""f(x) = \sqrt{s/m} C h(x): m hidden numbers, which a subclass makes of x, and a linear readout.

    In the parametrisation "ntk" all weights are N(0, 1) and scales stand in the pass, so that kernels have a limit for
    wide networks (`analysis.ntk`); a bias of branches is a constant entry beta appended to x. In "standard" layers are
    torch's own, with its initial values (uniform within 1 / sqrt(fan in)) and no scales; where `bias` is not 0, every
    layer has one, the readout too.

    Args:
        in_features, out_features: Sizes of x and f.
        width: m.
        branch: phi; see `Branch.of`.
        parametrisation: "ntk" or "standard".
        bias: beta; 0 is none. In "standard" any other number switches biases on.
        scale: s; 2 is what Wu et al. (arXiv:2209.07736) use with ReLU. Of "ntk" alone.
        seed: Of the weights.

    Raises:
        PhotonicsError: for sizes below 1, an unknown branch or parametrisation, a bias or scale that is not finite, and
            a scale with "standard".
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        width: int,
        branch: str | Sequence[float] | Branch,
        parametrisation: Parametrisation,
        bias: float,
        scale: float,
        seed: int,
    ) -> None:
        super().__init__()
        for name, size in (("in_features", in_features), ("out_features", out_features), ("width", width)):
            check_count(name, size)
        if parametrisation not in get_args(Parametrisation):
            names = get_args(Parametrisation)
            raise PhotonicsError(
                f"no parametrisation {parametrisation!r}{did_you_mean(str(parametrisation), names)}; choose "
                f"{' or '.join(names)}"
            )
        if not math.isfinite(bias):
            raise PhotonicsError(f"bias = {bias:g} must be finite; 0 is none")
        if not (math.isfinite(scale) and scale > 0):
            raise PhotonicsError(f"scale = {scale:g} must be a positive number; 1 is the plain one")
        if parametrisation == "standard" and scale != 1:
            raise PhotonicsError(f'scale = {scale:g} belongs to the parametrisation "ntk"; leave it out of "standard"')
        self.in_features, self.out_features, self.width = in_features, out_features, width
        self.branch, self.parametrisation = Branch.of(branch), parametrisation
        self.bias, self.scale, self.seed = float(bias), float(scale), seed
        self.readout = self.linear(width, out_features, "readout")

    @abstractmethod
    def hidden(self, x: Tensor) -> Tensor:
        """h(x), `(*batch, width)`, of checked inputs."""

    def forward(self, x: Tensor) -> Tensor:
        """Inputs `(*batch, in_features)` to outputs `(*batch, out_features)`.

        Raises:
            PhotonicsError: for inputs of another width or number type.
        """
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise PhotonicsError(
                f"{type(self).__name__} takes inputs (*batch, {self.in_features}); found {tuple(x.shape)}. Reshape "
                "them, or build the network with another in_features"
            )
        kind = self.readout.weight.dtype
        if x.dtype != kind:
            raise PhotonicsError(
                f"inputs are {x.dtype}, {type(self).__name__} computes in {kind}; convert one of them, e.g. x.float() "
                "or net.double()"
            )
        f: Tensor = self.readout(self.hidden(x))
        return f * math.sqrt(self.scale / self.width) if self.parametrisation == "ntk" else f

    def linear(self, fan_in: int, fan_out: int, name: str) -> nn.Linear:
        """A layer with initial values of its own, a function of the seed and its name."""
        ntk, key = self.parametrisation == "ntk", derive_key(self.seed, name)
        layer: nn.Linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out, bias=bool(self.bias) and not ntk)
        with torch.no_grad():
            if ntk:
                layer.weight.copy_(normal(key, fan_out, fan_in))
                return layer
            generator = torch.Generator().manual_seed(key)
            for parameter in layer.parameters():
                values = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.copy_((2 * values - 1) / math.sqrt(fan_in))
        return layer

    def branches(self, count: int) -> nn.ModuleList:
        """W_1 ... of x, with its constant entry in the parametrisation "ntk"."""
        wide = self.in_features + self._constant
        return nn.ModuleList(self.linear(wide, self.width, f"branch {number}") for number in range(count))

    def with_constant(self, x: Tensor) -> Tensor:
        """x with beta appended, in the parametrisation "ntk" and where it is not 0."""
        if not self._constant:
            return x
        return torch.cat([x, x.new_full((*x.shape[:-1], 1), self.bias)], -1)

    @property
    def between(self) -> float:
        """What sums over m hidden numbers are multiplied by: 1 / sqrt(m) in the parametrisation "ntk"."""
        return 1 / math.sqrt(self.width) if self.parametrisation == "ntk" else 1.0

    @property
    def _constant(self) -> bool:
        return self.parametrisation == "ntk" and self.bias != 0

    def extra_repr(self) -> str:
        bias = f", bias={self.bias:g}" if self.bias else ""
        scale = f", scale={self.scale:g}" if self.scale != 1 else ""
        return f"width={self.width}, branch={self.branch.name}, {self.parametrisation}{bias}{scale}"


def check_count(name: str, count: int) -> None:
    """Refuse sizes and degrees below 1."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        hint = "; degree 0 is a constant, which has no weights in x" if name == "degree" and count == 0 else ""
        raise PhotonicsError(f"{name} = {count}: give a whole number of at least 1{hint}")
