"""Training one fabricated chip in the loop."""

from __future__ import annotations

from photonics_sim.device import Ages, Device, derive_key
from photonics_sim.errors import PhotonicsError, WornOutError
from photonics_sim.runs import TrainSettings


def as_trained(device: Device, settings: TrainSettings) -> Device:
    """The device itself, or the fabricated chip that a training on the device takes.

    Raises:
        PhotonicsError: for a training on a device whose weights cannot be written.
    """
    if not settings.on_device:
        return device
    if not isinstance(device, Ages):
        name = device.card.name if device.card else type(device).__name__
        raise PhotonicsError(
            f"on_device: {name} has no slow weights that a step could write; train it in the model, without --on-device"
        )
    return device.as_built(derive_key(settings.seed, "chip in training"))


def write_back(device: Ages) -> None:
    """Write the best weights, which are no longer there, or never were."""
    try:
        device.write()
    except WornOutError as error:
        raise PhotonicsError(
            f"after the last epoch, where the best weights are written back: {error}. The run is kept: `photonics-sim "
            "evaluate` judges the best weights as if they had been written"
        ) from None
