"""What the neural tangent kernel of a multi-pass processor is on average over its masks, in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor

from photonics_devices.free_space._multi_pass_card import MultiPassProcessorCard
from photonics_devices.free_space._phase_mask_card import PhaseMaskCard
from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.optics import Propagator, convolve

Mixing = Literal["free-space", "complete"]


def multi_pass_kernel(
    card: MultiPassProcessorCard, left: Tensor, right: Tensor, *, panel: Tensor, way: Propagator, regions: Tensor,
    mixing: Mixing,
) -> Tensor:  # fmt: skip
    r"""Mean over mask phases, independent and even over a turn, of the kernel of Re <w_c, u_n>, with its log-gain.

    A mask then leaves no correlation between pixels, and what has crossed another number of masks is not correlated
    either. So second moments of the fields of two inputs follow a recursion that is exact, pixel by pixel:

    .. math::
        V_1 = \beta_1^2 |u_0|^2, \quad V_k = g (1 - r)\, |P|^2 K_{k-1} + \beta^2 |u_0|^2, \quad
        K_k = \tau\, d\, \bar d'\, V_k, \\
        T_1 = K_1, \quad T_k = K_k + g (1 - r)\, \tau\, d\, \bar d'\, |P|^2 T_{k-1}, \quad
        \Theta_c = \tfrac12 \mathrm{Re} \sum_q |P^T w_c|^2_q\, (K_n + T_n)_q

    d and d' are what the two data do to light, tau what a mask sends on, and |P|^2 the intensity that one pixel sends
    to the others. K is the mean of u u'^*, as a gain trained as its logarithm sees it, T that of the derivatives for
    all phases so far, which turn light and leave its power. Products without conjugate average to nothing, so the real
    part has half of the mean. With complete mixing |P|^2 is the mean over the plane, and this the kernel of the NCP
    network with linear branches of which the mixing weights and the last ones are trained: the overlap of the
    encodings, the mean of d d'^*, takes the place of the inner product. The kernel of one device scatters about the
    mean: what comes of phases by one over the root of the pixels, what comes of the gain, the square of an output,
    always.

    Args:
        card: The numbers.
        left, right: d and d', `(a, n, n)` and `(b, n, n)` complex.
        panel: u_0 of the whole laser, `(n, n)`.
        way: P.
        regions: Squares of the detectors, `(classes, n, n)` of zeros and ones.
        mixing: See above.

    Returns:
        `(classes, a, b)`, real; `a b` planes are held at once.

    Raises:
        PhotonicsError: for masks whose random phases do not average to darkness.
    """
    _check_masks(card.mask)
    spread, seen = _mixed(way, regions / card.region_px, left, mixing)
    lit, kept = panel.abs().square(), card.kept_field**2
    overlap = 10 ** (-card.mask.main_order_loss_db / 10) * left[:, None] * right.conj()
    moment = overlap * (card.first_field**2 * lit)
    tangent = moment
    for _ in range(card.passes - 1):
        moment, passed = (
            overlap * (kept * spread(moment) + card.fresh_field**2 * lit),
            kept * overlap * spread(tangent),
        )
        tangent = moment + passed
    return torch.einsum("cyx,abyx->cab", seen, (moment + tangent).real) / 2


def _mixed(way: Propagator, modes: Tensor, like: Tensor, mixing: str) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """Where the intensity of each pixel goes, and how much of each pixel's the modes `(classes, n, n)` get."""
    if mixing not in get_args(Mixing):
        raise PhotonicsError(
            f"mixing = {mixing!r} is unknown; expected free-space or complete{did_you_mean(mixing, get_args(Mixing))}"
        )
    if mixing == "complete":
        even = torch.full_like(modes, 1 / modes[0].numel())
        return lambda moment: moment.mean((-1, -2), keepdim=True).expand(moment.shape), even
    (transfer,) = way.operator(like.dtype, like.device).tensors
    # light to a pixel and from it goes alike, so that modes are sent back as light is sent
    response = torch.fft.fft2(torch.fft.ifft2(transfer).abs().square().to(like.dtype))
    return lambda moment: convolve(moment, response), convolve(modes.to(like.dtype), transfer).abs().square()


def _check_masks(mask: PhaseMaskCard) -> None:
    """Refuse masks that send on light whose phase is not the trained one, or that loses as its phase does."""
    for found, what in (
        (mask.phase_bits == 1, "mask.phase_bits = 1: two phases are not even over a turn; take more bits"),
        (mask.fringing_px, f"mask.fringing_px = {mask.fringing_px:g}: phases of neighbours are not independent; set 0"),
        (
            mask.fill_factor < 1 and mask.gap_transmission,
            f"mask.gap_transmission = {mask.gap_transmission:g}: light of the gaps has no random phase; set 0",
        ),
        (mask.absorption_per_m, f"mask.absorption_per_m = {mask.absorption_per_m:g}: phases change the power; set 0"),
        (
            mask.curve.reach_rad < 2 * math.pi - 1e-9,
            f"mask.curve reaches {mask.curve.reach_rad:.4g} rad: phases are not even over a turn; take a whole one",
        ),
    ):
        if found:
            raise PhotonicsError(f"no closed form of the kernel with {what}, or take the kernel of the device itself")
