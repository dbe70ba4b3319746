"""Kernels of infinitely wide networks in closed form. Inputs come as tensors or as their Gram matrix.

All weights are N(0, 1) and outputs scale as sqrt(scale / m), the parametrisation "ntk" of `photonics_sim.networks`.
s = <x, x'>, k0 and k1 are the duals of the branch; they and all formulas were checked against random wide networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from photonics_sim.analysis.ntk._blocks import Form, Request, assemble
from photonics_sim.analysis.ntk._duals import Block, diagonal, duals, mean
from photonics_sim.analysis.ntk._gram import Gram
from photonics_sim.errors import PhotonicsError
from photonics_sim.networks import Branch, injections

Branches = str | Sequence[float] | Branch
MEMORY_MB = 64.0


def product(
    x: Tensor | Gram,
    y: Tensor | None = None,
    *,
    degree: int,
    branch: Branches = "relu",
    bias: float = 0.0,
    scale: float = 1.0,
    memory_mb: float = MEMORY_MB,
    out: Tensor | None = None,
) -> Tensor:
    r"""The kernel of `networks.ProductNet`, the Hadamard product of N branches.

    .. math:: \Theta = s_o \left(k_0^N + N s k_1 k_0^{N-1}\right)

    With identity branches (N + 1) s^N. Wu et al., NeurIPS 2022, arXiv:2209.07736, with scale 2. It is the mean over
    networks of every width; how far one network is off says `finite_width_error`. Several outputs of a network share
    it, with nothing between them.

    Args:
        x: Inputs `(n, d)`, or a `Gram` of both sets.
        y: Inputs `(m, d)`; None is x itself, of which half the entries are computed and the rest mirrored.
        degree: N.
        branch: phi: "identity", "relu" or coefficients of a polynomial; see `networks.Branch`.
        bias: beta of the constant entry that branches see beside x: s + beta^2.
        scale: s_o of the output.
        memory_mb: What tiles may take. The peak is the result, the inputs in float64, and this; 20,000 x 20,000 is
            3.2 GB and 64 MB.
        out: Float64 `(n, m)` for the result, for instance one that lies in a file.

    Returns:
        Theta, float64 `(n, m)`, on the device of x. It carries no gradients.

    Raises:
        PhotonicsError: for a degree below 1, an unknown branch, inputs that are complex, not finite, or of two spaces,
            a result larger than the memory, and one that overflows, with the degree from which on it does.
    """
    phi = Branch.of(branch)

    def form(block: Block, n: int) -> Tensor:
        if phi.name == "identity":
            return power(block.s, n).mul_(n + 1)
        dual = duals(phi, block)
        theta = torch.add(dual.k0, block.s.mul_(dual.k1), alpha=n)
        return theta.mul_(power(dual.k0, n - 1))

    return assemble(x, y, _scaled(form, scale), Request("degree", degree, bias, memory_mb, out))


def skip(
    x: Tensor | Gram,
    y: Tensor | None = None,
    *,
    degree: int,
    branch: Branches = "relu",
    bias: float = 0.0,
    scale: float = 1.0,
    memory_mb: float = MEMORY_MB,
    out: Tensor | None = None,
) -> Tensor:
    r"""The kernel of `networks.SkipNet` (CCP), products with skip connections.

    .. math::
        \Theta = s_o \left((k_0 + s k_1) q^{N-1} + (N - 1) s k_0 k_1 q^{N-2}\right), \quad
        q = 1 + \mu(x) + \mu(x') + k_0, \quad \mu(x) = E \varphi(u)

    With identity branches s (1 + s)^(N-2) (2 + (N + 1) s). Exact at every width, as `product`, whose arguments these
    are.

    Raises:
        PhotonicsError: as `product`.
    """
    phi = Branch.of(branch)

    def form(block: Block, n: int) -> Tensor:
        shift = 1 + mean(phi, block.left) + mean(phi, block.right)
        dual = duals(phi, block)
        slope = block.s.mul_(dual.k1)
        theta = dual.k0 + slope
        if n == 1:
            return theta
        both = slope.mul_(dual.k0)
        q = dual.k0.add_(shift)
        theta.mul_(q).add_(both, alpha=n - 1)
        return theta.mul_(power(q, n - 2))

    return assemble(x, y, _scaled(form, scale), Request("degree", degree, bias, memory_mb, out))


def nested(
    x: Tensor | Gram,
    y: Tensor | None = None,
    *,
    degree: int,
    branch: Branches = "relu",
    injection: float | Sequence[float] = 1.0,
    bias: float = 0.0,
    scale: float = 1.0,
    memory_mb: float = MEMORY_MB,
    out: Tensor | None = None,
) -> Tensor:
    r"""The kernel of `networks.NestedNet` (NCP), where light is mixed and joined by new light between two products.

    .. math::
        V_n = K_{n-1} + \beta_n^2, \quad K_n = k_0 V_n, \quad T_n = s k_1 V_n + k_0 (V_n + T_{n-1}), \quad
        \Theta = s_o (K_N + T_N), \quad K_0 = T_0 = 0

    The limit of wide networks. Other arguments are those of `product`.

    Args:
        x, y, degree, branch, bias, scale, memory_mb, out: As in `product`.
        injection: beta_n, one number for all n, or N of them.

    Raises:
        PhotonicsError: for injections that are not finite or not N, a first one of 0, and as `product`.
    """
    phi, betas = Branch.of(branch), injections(injection, degree)

    def form(block: Block, n: int) -> Tensor:
        dual = duals(phi, block)
        gain = block.s.mul_(dual.k1).add_(dual.k0)
        covariance, tangent = dual.k0 * betas[0] ** 2, gain * betas[0] ** 2
        for beta in betas[1:n]:
            entering = covariance.add_(beta**2)
            tangent.mul_(dual.k0).addcmul_(gain, entering)
            covariance = entering.mul_(dual.k0)
        return tangent.add_(covariance)

    return assemble(x, y, _scaled(form, scale), Request("degree", degree, bias, memory_mb, out))


def polynomial_mlp(
    x: Tensor | Gram,
    y: Tensor | None = None,
    *,
    depth: int,
    coefficients: Branches,
    bias: float = 0.0,
    scale: float = 1.0,
    memory_mb: float = MEMORY_MB,
    out: Tensor | None = None,
) -> Tensor:
    r"""The kernel of `networks.MLP` with a polynomial a_0 + a_1 z + ... as activation.

    .. math:: K_0 = T_0 = s, \quad T_l = k_0 + k_1 T_{l-1}, \quad K_l = k_0, \quad \Theta = s_o T_L

    with duals at the covariances K of the layer before. Exact at every width for one layer, else the limit of wide
    networks. Other arguments are those of `product`.

    Args:
        x, y, bias, scale, memory_mb, out: As in `product`.
        depth: L, hidden layers.
        coefficients: (a_0, a_1, ...), or a `Branch` with some.

    Raises:
        PhotonicsError: as `product`.
    """
    phi = Branch.of(coefficients)
    if phi.coefficients is None:
        raise PhotonicsError("ReLU is no polynomial; for layers with it take relu_mlp")
    return assemble(x, y, _scaled(_layers(phi), scale), Request("depth", depth, bias, memory_mb, out))


def relu_mlp(
    x: Tensor | Gram,
    y: Tensor | None = None,
    *,
    depth: int,
    bias: float = 0.0,
    scale: float = 1.0,
    memory_mb: float = MEMORY_MB,
    out: Tensor | None = None,
) -> Tensor:
    """The kernel of `networks.MLP` with ReLU; formula and arguments as in `polynomial_mlp` (Jacot et al., 2018).

    Without a gain of sqrt(2) between layers, which the network has not, it falls by about half with each layer.

    Raises:
        PhotonicsError: as `product`.
    """
    return assemble(x, y, _scaled(_layers(Branch.of("relu")), scale), Request("depth", depth, bias, memory_mb, out))


def power(base: Tensor, exponent: int) -> Tensor:
    """base**exponent by repeated squaring; base is used up. torch.pow takes ten times as long above exponent 3."""
    result = None
    while exponent:
        if exponent & 1:
            result = base.clone() if result is None else result.mul_(base)
        exponent >>= 1
        if exponent:
            base.square_()
    return base.new_ones(1, 1) if result is None else result


def _layers(branch: Branch) -> Form:
    def form(block: Block, depth: int) -> Tensor:
        tangent = block.s.clone()
        for _ in range(depth):
            dual = duals(branch, block)
            tangent.mul_(dual.k1).add_(dual.k0)
            ends = diagonal(branch, block.left), diagonal(branch, block.right)
            block = Block(dual.k0, *ends, near=dual.near)
        return tangent

    return form


def _scaled(form: Form, scale: float) -> Form:
    if not (math.isfinite(scale) and scale > 0):
        raise PhotonicsError(f"scale = {scale:g} must be a positive number; 1 is the plain one")
    return form if scale == 1 else lambda block, degree: form(block, degree).mul_(scale)
