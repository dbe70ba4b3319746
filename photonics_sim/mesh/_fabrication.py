"""From the numbers of a card to what the parts of a mesh are: by design, and as built."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import torch
from torch import Tensor

from photonics_sim.device import derive_key, normal, to_si
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh._cards import MeshCard
from photonics_sim.mesh._faults import Faults
from photonics_sim.mesh._topology import CELLS, Topology

_WAVES = 256


def nominal_faults(
    topology: Topology, card: MeshCard, *, wavelength_nm: float | None = None, shifter_loss_db: float = 0.0
) -> Faults:
    """What the parts are by design at a wavelength, in float64; parts without a fault stay None.

    Args:
        topology: Where the parts are.
        card: Coupling and its slope with wavelength, losses.
        wavelength_nm: Of the light; None for the card's design wavelength.
        shifter_loss_db: Power lost in one phase shifter.

    Raises:
        PhotonicsError: where the coupling at this wavelength is not between 0 and 1.
    """
    splitter = card.splitter
    away = 0.0 if wavelength_nm is None else wavelength_nm - card.design_wavelength_nm
    coupling = splitter.coupling + splitter.coupling_slope_per_nm * away
    if not 0 < coupling < 1:
        raise PhotonicsError(
            f"at {wavelength_nm} nm the splitters would couple {coupling:.3g} of the power: "
            f"coupling_slope_per_nm = {splitter.coupling_slope_per_nm} holds near the design wavelength "
            f"{card.design_wavelength_nm} nm alone"
        )

    def all_alike(value: float, count: int) -> Tensor | None:
        return torch.full((count,), value, dtype=torch.float64) if value else None

    length_cm = 100 * topology.depth * to_si("column_length_um", card.column_length_um)
    exact = coupling == 0.5  # so that the fast way of ideal interferometers stays open
    return Faults(
        angle=None if exact else all_alike(math.asin(math.sqrt(coupling)), topology.splitters),
        shifter_loss_db=all_alike(shifter_loss_db, topology.shifters),
        splitter_loss_db=all_alike(splitter.loss_db, topology.splitters),
        path_loss_db=all_alike(card.waveguide_loss_db_per_cm * length_cm, topology.modes),
    )


def mean_path_loss_db(topology: Topology, card: MeshCard, *, shifter_loss_db: float = 0.0) -> float:
    """Power lost in a mesh by design, averaged over its paths, in dB: what an electronic read-out makes up for."""
    parts = (shifter_loss_db * topology.shifters + 2 * card.splitter.loss_db * topology.splitters) / topology.modes
    waveguide = card.waveguide_loss_db_per_cm * 100 * topology.depth
    return parts + waveguide * to_si("column_length_um", card.column_length_um)


def built_faults(
    nominal: Faults,
    topology: Topology,
    card: MeshCard,
    seed: int,
    chips: int | None = None,
    *,
    phase_error_rad: float = 0.0,
) -> Faults:
    """One fabricated instance, or `chips` of them as a leading axis: splitter angles and phases with their errors.

    Args:
        nominal: What the parts are by design.
        topology: Where the parts are.
        card: The errors of its splitters, and over which distance errors on the wafer are alike.
        seed: Of the errors; the same seed is the same chip.
        chips: Number of chips; None for one without the axis.
        phase_error_rad: Static error of a shifter's phase, rms.
    """
    splitters, shifters = splitter_positions(topology, card), shifter_positions(topology, card)
    built = nominal
    if card.splitter.error_rad:
        error = wafer_errors(splitters, card, derive_key(seed, "splitter angle"), chips)
        angle = math.pi / 4 if nominal.angle is None else nominal.angle
        built = replace(built, angle=(card.splitter.error_rad * error).add_(angle))
    if phase_error_rad:
        error = phase_error_rad * wafer_errors(shifters, card, derive_key(seed, "shifter phase"), chips)
        built = replace(built, phase=error if nominal.phase is None else nominal.phase + error)
    return built


def wafer_errors(positions: Tensor, card: MeshCard, key: int, chips: int | None = None) -> Tensor:
    """Errors of unit variance at places of a chip, `([chips,] places)` float64.

    Without a correlation length they are independent. With one, the card's share of the variance varies smoothly over
    the wafer, with covariance exp(-d^2 / (2 L^2)) at distance d (random Fourier features: Rahimi and Recht, NIPS 2007).

    Args:
        positions: `(places, 2)` in m.
        card: Correlation length and share.
        key: Names the errors.
        chips: Number of chips; None for one without the axis.
    """
    lead = () if chips is None else (chips,)
    independent = _independent(derive_key(key, "independent"), *lead, len(positions))
    if not card.correlation_length_um:
        return independent
    waves = normal(derive_key(key, "waves"), *lead, 2, _WAVES)
    offsets = 2 * math.pi * torch.special.ndtr(normal(derive_key(key, "offsets"), *lead, _WAVES))
    scaled = positions.double() / to_si("correlation_length_um", card.correlation_length_um)
    # chip by chip: all at once would take a place for every chip, part and wave
    fields = [
        (scaled @ wave + offset).cos().sum(-1) * math.sqrt(2 / _WAVES)
        for wave, offset in zip(waves.reshape(-1, 2, _WAVES), offsets.reshape(-1, _WAVES), strict=True)
    ]
    smooth = torch.stack(fields).reshape(independent.shape)
    share = card.correlated_share
    errors: Tensor = math.sqrt(share) * smooth + math.sqrt(1 - share) * independent
    return errors


@functools.lru_cache(maxsize=4)  # the same chips at every point of a sweep; nobody changes them in place
def _independent(key: int, *shape: int) -> Tensor:
    return normal(key, *shape)


def shifter_positions(topology: Topology, card: MeshCard) -> Tensor:
    """Place of each shifter on the chip in m, `(shifters, 2)`: along the light, across the waveguides."""
    return _positions(topology, card, is_splitter=False)


def splitter_positions(topology: Topology, card: MeshCard) -> Tensor:
    """Place of each splitter on the chip in m, `(splitters, 2)`; a splitter lies between its two waveguides."""
    return _positions(topology, card, is_splitter=True)


def places_along_columns(topology: Topology) -> tuple[list[float], list[float]]:
    """How far along its column each shifter and each splitter is, from 0 to 1."""
    steps = len(CELLS[topology.cell])
    shifters: list[float] = []
    splitters: list[float] = []
    cell, step = -1, 0
    for part in topology.parts:
        step = step + 1 if part.cell == cell and cell >= 0 else 0
        cell = part.cell
        place = (step + 0.5) / steps if cell >= 0 else 0.5
        (splitters if part.is_splitter else shifters).append(place)
    return shifters, splitters


def _positions(topology: Topology, card: MeshCard, *, is_splitter: bool) -> Tensor:
    length, pitch = to_si("column_length_um", card.column_length_um), to_si("mode_pitch_um", card.mode_pitch_um)
    return _grid_places(topology, is_splitter=is_splitter) * torch.tensor([length, pitch], dtype=torch.float64)


@functools.lru_cache(maxsize=16)
def _grid_places(topology: Topology, *, is_splitter: bool) -> Tensor:
    """Places of the splitters, or of the shifters, in columns and modes, `(places, 2)`."""
    along = places_along_columns(topology)[is_splitter]
    parts = [part for part in topology.parts if part.is_splitter == is_splitter]
    rows = [
        (part.column + share, (part.top + part.bottom) / 2 if is_splitter else part.top)
        for part, share in zip(parts, along, strict=True)
    ]
    return torch.tensor(rows, dtype=torch.float64).reshape(-1, 2)


def reflection_bound(topology: Topology, return_loss_db: float) -> float:
    """How far back-reflections can move the matrix, at most, in its largest singular value.

    Light that arrives has been reflected an even number of times. With M rows of splitters that each reflect the
    amplitude r = 10^(-return loss / 20), a pair of reflections adds at most q = M (M - 1) / 2 r^2, and all of them
    q / (1 - q); infinite where the bound says nothing (q >= 1). A mesh is simulated without reflections.

    Args:
        topology: How many rows of splitters there are.
        return_loss_db: Of one splitter; 0 for no reflection.
    """
    if not return_loss_db:
        return 0.0
    rows = topology.depth * CELLS[topology.cell].count("split")
    q = rows * (rows - 1) / 2 * 10 ** (-return_loss_db / 10)
    return q / (1 - q) if q < 1 else math.inf
