"""What every device is, and the capabilities that some declare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Literal, Protocol, Self, runtime_checkable

import torch
from torch import Tensor, nn

from photonics_sim.device._card import Card
from photonics_sim.device._costs import Costs
from photonics_sim.device._drawing import ChipDrawing, SideView
from photonics_sim.device._timeline import Alternative, Timeline
from photonics_sim.errors import PhotonicsError


class Device(nn.Module, ABC):
    """A physical system that turns real inputs `(*batch, in_features)` into real outputs `(*batch, out_features)`.

    A subclass is final: it implements the abstract members and overrides nothing else. A pass is a function: it never
    advances time, never draws a random number of its own, never changes the device.

    Attributes:
        in_features: Width of an input.
        out_features: Width of an output.
        card: The numbers it was built from; None for a composition.
    """

    in_features: int
    out_features: int
    card: Card | None

    def forward(self, x: Tensor, *, key: int | None = None) -> Tensor:
        """The differentiable pass, detection included.

        Args:
            x: Real inputs, `(*batch, in_features)`, of the device's number type.
            key: Names one reading. Noise that is fresh at every reading is a pure function of it; None reads the
                expectation, without noise.

        Returns:
            Real outputs `(*batch, out_features)`; `(chips, *batch, out_features)` for an ensemble of chips.

        Raises:
            PhotonicsError: where the width does not fit or a value is not finite.
        """
        check_inputs(x, self.in_features, type(self).__name__)
        return self.measure(x, key)

    @abstractmethod
    def measure(self, x: Tensor, key: int | None) -> Tensor:
        """The pass on checked inputs; see `forward`."""

    @abstractmethod
    def costs(self) -> Costs:
        """Latency, energy and link budget of one pass, from the card's numbers alone."""

    @abstractmethod
    def ideal(self) -> Self:
        """The nominal device with the same settings: no fabrication error, no noise, no quantisation, no loss."""

    @abstractmethod
    def as_built(self, seed: int, chips: int | None = None) -> Self:
        """The same settings on one fabricated instance, or on `chips` of them as a leading axis.

        Fabrication errors are a function of the seed alone. Chip k of an ensemble is not the chip of another seed.
        """

    def _rebuilt(self, card: Card) -> Self:
        """The same settings on a device built anew from a card, for models built from nothing else."""
        twin = type(self)(card)
        twin.load_state_dict(self.state_dict())
        return twin.to(next(self.parameters()))


def check_inputs(x: Tensor, width: int, name: str) -> None:
    """Refuse inputs of another width, complex ones, and values that are not finite."""
    if x.ndim == 0 or x.shape[-1] != width:
        raise PhotonicsError(
            f"{name} takes inputs (*batch, {width}); found {tuple(x.shape)}. Reshape them, or build the device with "
            "another number of inputs"
        )
    if not x.is_floating_point():
        raise PhotonicsError(f"{name} takes real floating-point inputs; found {x.dtype}. Convert them, e.g. x.float()")
    try:
        finite = bool(torch.isfinite(x).all())
    except RuntimeError:  # under vmap no value can be looked at
        return
    if not finite:
        at = tuple(int(i) for i in (~torch.isfinite(x)).nonzero()[0])
        raise PhotonicsError(f"{name}: input{list(at)} is {float(x[at])}; inputs must be finite")


def check_chips(chips: int | None) -> None:
    """Refuse an ensemble of no chips; None is a device without that axis."""
    if chips is not None and chips < 1:
        raise PhotonicsError(f"chips = {chips}: an ensemble has at least one chip")


@runtime_checkable
class Responds(Protocol):
    """Tells what is combined linearly before it is read, from which universality and kernels are judged.

    Attributes:
        encoder: "diagonal" where each input has one scale and bias of its own, "dense" where inputs are mixed freely.
        readout: "coherent" where fields are combined linearly, "intensity_sum" where their intensities are.
    """

    encoder: Literal["diagonal", "dense"]
    readout: Literal["coherent", "intensity_sum"]

    @property
    def crossings(self) -> int | None:
        """Most inputs that one path of light meets: a field couples no more of them, an intensity twice as many.

        None where nothing bounds it.
        """

    @property
    def period(self) -> float | None:
        """Of the response in every input; None where it has none, or not the same in all."""

    def response(self, x: Tensor) -> Tensor:
        """Inputs `(*batch, in_features)` to amplitudes `(*batch, outputs)`: complex for fields before detection."""


@runtime_checkable
class Multiplies(Protocol):
    """Multiplies fields by matrices, which can be held against those of its design."""

    def matrices(self) -> list[Tensor]:
        """The matrix of each linear layer, from entering to leaving field, `([chips,] modes, modes)`, with losses."""


@runtime_checkable
class Metered(Protocol):
    """Tells the optical power that goes in and comes out, so that passivity can be tested."""

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power in and out of the optics in watts, each `(*batch)`."""


@runtime_checkable
class Imaged(Protocol):
    """Shows its light at named planes."""

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """Images `(ny, nx)` on the way of one sample `(in_features)` to one output; real ones are phases in rad.

        Complex images are fields in units in which |u|^2 is a pixel's share of the power of the whole source.
        """

    def detectors(self) -> Tensor | None:
        """Where each output is read in the plane of the detectors, `(outputs, ny, nx)` of zeros and ones.

        None where it is one pixel, [ny // 2, nx // 2], of a plane of its own.
        """


@runtime_checkable
class Followed(Protocol):
    """Shows its light all the way, from the side: also between the planes that `Imaged` shows."""

    def side_view(self, x: Tensor, output: int) -> SideView | None:
        """The light of one sample `(in_features)` on its way to one output; of an ensemble, the first chip.

        None where light spreads so far that a picture of it would be too wide.
        """


@runtime_checkable
class Drawn(Protocol):
    """Shows its chip: cells, phases, and the light of one sample on its way."""

    def drawings(self, x: Tensor) -> list[ChipDrawing]:
        """The meshes that light meets, in order, for one sample `(in_features)`; of an ensemble, the first chip."""


@runtime_checkable
class Ages(Protocol):
    """Has slow weights, simulated time, and a ledger of seconds, joules and writes.

    Whoever trains or evaluates moves the time; a pass reads the weights as they are then and changes nothing.
    """

    def write(self) -> None:
        """Write the present settings into the slow weights, which takes its time; they age from then on.

        Raises WornOutError where the weights have been written as often as they survive; nothing changes then.
        """

    def spend(self, passes: int) -> None:
        """Let so many passes take their seconds and joules."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def history(self) -> dict[str, Any]:
        """The clock (`now_s`), the ledger (`ledger`) and the writes as plain numbers; `restore` takes them back."""

    def restore(self, history: dict[str, Any]) -> None:
        """Go on from what `history` wrote down."""


@runtime_checkable
class Scheduled(Protocol):
    """Shows what it does when, and what other ways of building it would take."""

    def timelines(self) -> list[Timeline]:
        """One pass in time, done in one way or another."""

    def alternatives(self) -> list[Alternative]:
        """Seconds, joules, cells and endurance of the ways to build it; the first is this one."""


@runtime_checkable
class Exports(Protocol):
    """Writes its slow settings for the electronics that drive it, or the workshop that makes it."""

    def write_settings(self, path: Path) -> int:
        """Write what each phase shifter or pixel is commanded and what it is set to; `.csv`, `.h5` or `.hdf5`.

        Of an ensemble, the first chip.

        Returns:
            The number of shifters, or of pixels of all masks; a row for each in a `.csv`.
        """


@runtime_checkable
class ExportsMasks(Protocol):
    """Beside `Exports`: its settings are images, written as `.png` too, one for each mask (`weights.mask_files`)."""

    def mask_shape(self) -> tuple[int, int, int]:
        """How many masks, and rows and columns of pixels of each."""
