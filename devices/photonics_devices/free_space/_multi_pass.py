"""Light that crosses one data panel again and again and is read coherently: a nested polynomial network."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor

from photonics_devices.free_space._multi_pass_card import MultiPassProcessorCard
from photonics_devices.free_space._multi_pass_kernel import Mixing, multi_pass_kernel
from photonics_devices.free_space._panel_costs import panel_costs
from photonics_devices.free_space._repeated import RepeatedData
from photonics_sim.device import Costs, check_inputs, to_si
from photonics_sim.signals import homodyne


class MultiPassProcessor(RepeatedData):
    r"""Light in a loop crosses the same data n times, with a phase mask and free space at each pass; fresh light joins.

    .. math::
        u_1 = P M_1 D(x)\, \beta_1 u_0, \quad
        u_k = P M_k D(x) \big( \sqrt{g (1 - r)}\, u_{k-1} + i \beta u_0 \big), \quad
        y_c = G\, \frac{2 \sqrt{P_{LO}}}{P_0}\, \mathrm{Re} \langle w_c, u_n \rangle

    With modulators that set the field, D = diag(kappa x + b), each pass multiplies by the data once more: u_n is a
    polynomial of degree n in them, and so is the output, which is linear in the field: the nested product network (NCP)
    of Chrysos et al., CVPR 2020, arXiv:2003.03828, with light for features and interference for sums. A pass is one of
    `StructuralEncoder`; its kernel is known (`expected_kernel`).

    g is what the loop leaves of the power, r the share of it that a splitter without loss takes out so that of the
    fresh light the share r comes in, a quarter of a turn ahead. A train of pulses a loop apart lights the passes:
    each later one is offered the share f of the light, :math:`\beta^2 = r f`, the first :math:`\beta_1^2 = 1 - (n-1)
    f`; a switch lets it in, and lets the light out at the end. Of the laser's power P_0 the local oscillator has a
    share, in even parts: P_LO on each pair of photodiodes, spread evenly over the detector's square, which is the mode
    w_c; the rest is u_0. G is the trained gain. Panel and squares are as `PanelDevice` has them; the panel's surface
    without data passes light as it is. Passes are told apart by where they meet the masks.

    As built, data and mask of each pass stand beside its place on the way of the light. Noise of the data is the same
    in all passes, which are over in nanoseconds.

    Args:
        card: The numbers.
        seed: Of the initial phases.

    Attributes:
        readout: "coherent": fields over a detector's square are summed before detection.
    """

    readout: Literal["coherent", "intensity_sum"] = "coherent"
    visit: ClassVar[tuple[str, str]] = ("pass", "passes")
    card: MultiPassProcessorCard

    def __init__(self, card: MultiPassProcessorCard, *, seed: int = 0) -> None:
        # a mode gets 1 / pixels of the field where light is spread evenly, and losses leave some tenth of it
        gain = 10 * card.pixels / card.slope
        super().__init__(card, card.passes, to_si("spacing_mm", card.spacing_mm), seed, gain)

    def written(self, x: Tensor, key: int | None) -> list[Tensor]:
        return [self.write(x, key)] * self.card.passes

    def meeting(self, arriving: Tensor | None, panel: Tensor) -> Tensor:
        card = self.card
        if arriving is None:
            return card.first_field * panel
        stayed = card.kept_field * arriving
        return stayed + 1j * card.fresh_field * panel if card.fresh_field else stayed

    def read(self, field: Tensor, key: int | None) -> Tensor:
        watts = to_si("power_mw", self.card.laser.power_mw)
        amplitude = math.sqrt(watts) * self._overlap(field)
        return homodyne(amplitude, self.summed(self.watts(field)), self._oscillator_w(), self.card.detector, key)

    def response(self, x: Tensor) -> Tensor:
        """The field in the mode of each oscillator, `([chips,] *batch, classes)`, in roots of the laser's power."""
        return self._overlap(self.arriving(x, None))

    def expected_kernel(self, x: Tensor, y: Tensor | None = None, *, mixing: Mixing = "free-space") -> Tensor:
        """The neural tangent kernel of each output, the mean over masks of random phases; see `multi_pass_kernel`.

        Args:
            x: Inputs `(a, inputs)`.
            y: Inputs `(b, inputs)`; None for x again.
            mixing: "free-space" for the device's own, exactly; "complete" where each pass spreads light evenly over the
                plane.

        Returns:
            `(classes, a, b)`, float64.

        Raises:
            PhotonicsError: for masks whose random phases do not average to darkness.
        """
        for inputs in (x,) if y is None else (x, y):
            check_inputs(inputs, self.in_features, type(self).__name__)
        data = [self.write(one.double(), None) for one in ((x, x) if y is None else (x, y))]
        kernel = multi_pass_kernel(
            self.card, *data, panel=self.lit(x[:1].double())[0, 0], way=self.way, regions=self.regions.double(),
            mixing=mixing,
        )  # fmt: skip
        return (self.card.slope * self.log_gain.double().exp()) ** 2 * kernel

    def costs(self) -> Costs:
        card, loop = self.card, self.card.loop
        between = card.passes - 1
        with torch.no_grad():
            full = self.response(torch.ones(1, self.in_features).to(self.log_gain)).abs().square().mean()
        return panel_costs(
            card, card.detector, float(full) * to_si("power_mw", card.laser.power_mw),
            way_m=card.passes * to_si("length_mm", loop.length_mm), masks=card.passes, crossings=card.passes,
            more_losses_db={
                "local oscillator": -10 * math.log10(1 - card.oscillator_share),
                "loop": between * loop.loss_db,
                "splitter": 10 * between * abs(math.log10(1 - loop.coupling)),
                **({"fresh light that joins": -card.joined_db} if loop.fresh_share and between else {}),
            },
            oscillator_w=self._oscillator_w(), pixels_read=2 * card.classes,
        )  # fmt: skip

    def _oscillator_w(self) -> float:
        """On one pair of photodiodes."""
        card = self.card
        return card.oscillator_share * to_si("power_mw", card.laser.power_mw) / card.classes

    def _overlap(self, field: Tensor) -> Tensor:
        """With each oscillator's mode, of a field as `arriving` tells it."""
        light = self.first_mode(field)
        return torch.complex(self.summed(light.real), self.summed(light.imag)) / self.card.region_px

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, {card.passes} passes on {card.pixels} x {card.pixels}"
