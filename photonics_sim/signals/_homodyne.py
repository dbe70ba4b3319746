"""From a field to a number with its sign: one quadrature, against light of known phase."""

from __future__ import annotations

import math

from torch import Tensor

from photonics_sim.device import derive_key
from photonics_sim.errors import PhotonicsError
from photonics_sim.signals._detector import detect
from photonics_sim.signals._detector_card import DetectorCard


def homodyne(
    amplitude: Tensor, power_w: Tensor, oscillator_w: float, card: DetectorCard, key: int | None = None
) -> Tensor:
    r"""Read the real part of a field with two photodiodes behind a half mirror, where a local oscillator joins it.

    .. math:: P_\pm = \tfrac12 (P_{LO} + P) \pm \sqrt{P_{LO}}\, \mathrm{Re}\, a, \quad
        P_+ - P_- = 2 \sqrt{P_{LO}}\, \mathrm{Re}\, a

    a is the light's overlap with the mode of the oscillator; light of other modes adds to both photodiodes alike. Each
    reads with noise of its own (`detect`), so that the difference has the shot noise of all light.

    Args:
        amplitude: a, complex, in roots of a watt, any shape.
        power_w: Power P of all light, |a|^2 or more, the same shape.
        oscillator_w: P_LO, on both photodiodes together.
        card: Of either photodiode.
        key: Names one reading; None reads the expectation.

    Returns:
        The difference in watts, real, the same shape.

    Raises:
        PhotonicsError: for an oscillator without light.
    """
    if not (0 < oscillator_w < math.inf):
        raise PhotonicsError(f"oscillator_w = {oscillator_w:g} W: expected power, which lends its phase to the reading")
    mean, swing = (oscillator_w + power_w) / 2, math.sqrt(oscillator_w) * amplitude.real
    keys = (None, None) if key is None else (derive_key(key, "plus"), derive_key(key, "minus"))
    return detect(mean + swing, card, keys[0]) - detect(mean - swing, card, keys[1])
