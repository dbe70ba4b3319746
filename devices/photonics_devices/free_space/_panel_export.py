"""What the workshop needs of trained phase masks."""

from __future__ import annotations

from pathlib import Path

from photonics_devices.free_space._phase_masks import PhaseMasks
from photonics_sim.weights import drive_setting, height_setting, write_masks


def write_panel_settings(masks: PhaseMasks, path: Path) -> int:
    """Write the drives of panels, or the heights of plates, that hold the masks' phases; see `write_masks`.

    Chips of an ensemble differ in what was made of these settings, not in the settings.

    Returns:
        The number of pixels of all masks.
    """
    card, phases, held = masks.card, masks.phases.detach(), masks.held().detach()
    if card.refractive_index:
        setting = height_setting(held, card.height_m(1.0, masks.wavelength), card.phase_bits)
    else:
        setting = drive_setting(phases, card.curve, card.phase_bits)
    write_masks(path, phases=phases, held=held, setting=setting, pitch=masks.pitch, wavelength=masks.wavelength)
    return phases.numel()
