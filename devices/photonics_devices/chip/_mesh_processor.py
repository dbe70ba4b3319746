"""Programmable meshes of interferometers on a chip, between modulators and photodiodes."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self, cast

import torch
from torch import Tensor, nn

from photonics_devices.chip._mesh_processor_card import MeshProcessorCard
from photonics_devices.chip._mesh_processor_costs import mesh_processor_costs
from photonics_devices.chip._mesh_processor_view import chip_drawing, first_chip, settings_columns
from photonics_sim.device import ChipDrawing, Costs, Device, check_chips, derive_key, to_si
from photonics_sim.mesh import (
    Faults,
    Mesh,
    activate,
    built_faults,
    decompose,
    haar_phases,
    mean_path_loss_db,
    mesh_matrix,
    nominal_faults,
    propagate,
    shifter_positions,
    topology,
)
from photonics_sim.signals import detect, encode
from photonics_sim.weights import Crosstalk, actual_phases, electrical_power, write_settings


class MeshProcessor(Device):
    r"""One laser is split over N waveguides, modulated with the data, mixed by meshes, and read by photodiodes.

    With inputs x, laser power P, meshes U_1 ... U_L and the activation f (all fields in sqrt(W)):

    .. math::
        a = \sqrt{P / N}\; m(x), \quad E = U_L f(U_{L-1} \dots f(U_1 a)), \quad
        y_c = g_c |E_c|^2 / P_0 + o_c

    P_0 = (P / N) 10^{-L/10} is what an output gets on average when each path loses the card's mean loss L: the full
    scale of the read-out. m is the modulator (`photonics_sim.signals.encode`). In the arrangement "svd" each U is left
    diag(cos t) right, any contraction. Trained are the commanded phases, the attenuators t, and the electronic gain g
    and offset o. What the shifters make of a command (drive, converter, crosstalk) comes from `photonics_sim.weights`,
    what the splitters and waveguides are from `photonics_sim.mesh`.

    Args:
        card: The numbers.
        seed: Of the initial phases: each mesh starts as a random unitary matrix (Haar), where its topology makes all.

    Attributes:
        meshes: Commanded phases and faults of every mesh, in the order of the light.
        encoder: "diagonal": each input meets one modulator.
        readout: "coherent": each photodiode sees one field.
    """

    encoder: Literal["diagonal", "dense"] = "diagonal"
    readout: Literal["coherent", "intensity_sum"] = "coherent"

    def __init__(self, card: MeshProcessorCard, *, seed: int = 0) -> None:
        super().__init__()
        self.card: MeshProcessorCard = card
        self.in_features, self.out_features = card.inputs, card.outputs
        dtype = torch.get_default_dtype()
        plan = topology(card.mesh.topology, card.modes)
        faults = _nominal(card)
        self.meshes = nn.ModuleList(
            Mesh(card.modes, plan, phases=haar_phases(plan, derive_key(seed, "mesh", n)).to(dtype), faults=faults)
            for n in range(card.meshes)
        )
        self.attenuation: nn.Parameter | None = None
        if card.arrangement == "svd":
            self.attenuation = nn.Parameter(torch.full((card.layers, card.modes), 0.5, dtype=dtype))
        self.gain = nn.Parameter(torch.full((card.outputs,), 4.0, dtype=dtype))
        self.offset = nn.Parameter(torch.zeros(card.outputs, dtype=dtype))
        # chips of an ensemble, as the leading axis of all fields; 0 for a single device
        self._chips = 0
        self.crosstalk = _crosstalk(card)

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        power = self._field(x, key)[..., : self.out_features].abs().square()
        reading = detect(power * self._mode_watts(), self.card.detector, key)
        return self.gain * reading / (self._mode_watts() * 10 ** (-self._mean_loss_db() / 10)) + self.offset

    def response(self, x: Tensor) -> Tensor:
        """The complex field on each photodiode before detection, `(*batch, outputs)`, noiseless."""
        return self._field(x, None)[..., : self.out_features]

    @property
    def crossings(self) -> int | None:
        """1: all inputs are modulated side by side; None behind an activation, which mixes all it gets."""
        return 1 if self.card.layers == 1 or self.card.activation.kind == "none" else None

    @property
    def period(self) -> float:
        """A turn of the phase in a modulator."""
        return 2 * math.pi / self.card.encoder.drive_rad

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power of all lasers (those of the activations too) and on all modes at the end, each `([chips,] *batch)`."""
        leaving = self._field(x, None).abs().square().sum(-1) * self._mode_watts()
        entering = to_si("power_mw", self.card.laser.power_mw)
        if self.card.activation.kind == "photodiode":
            more = (self.card.layers - 1) * self.card.modes
            entering += more * to_si("laser_power_mw", self.card.activation.laser_power_mw)
        return torch.full_like(leaving, entering), leaving

    def phases(self) -> list[Tensor]:
        """Actual phase of every shifter of every mesh in rad, errors as built included, `([chips,] shifters)`."""
        built = [(self._actual(mesh), mesh.faults.phase) for mesh in self._meshes()]
        return [phases if error is None else phases + error for phases, error in built]

    def matrices(self) -> list[Tensor]:
        """The field matrix of each layer, `([chips,] modes, modes)`: of its mesh, or left diag(cos t) right."""
        found = [mesh_matrix(mesh.topology, self._actual(mesh), mesh.faults) for mesh in self._meshes()]
        if self._chips:  # chips without a fault are all alike
            found = [one.expand(self._chips, *one.shape[-2:]) for one in found]
        if self.attenuation is None:
            return found
        pairs = zip(found[::2], found[1::2], self.attenuation, strict=True)
        return [left @ (t.cos()[:, None] * right) for right, left, t in pairs]

    def drawings(self, x: Tensor) -> list[ChipDrawing]:
        """The meshes with the light of one sample `(inputs)`; of an ensemble, the first chip."""
        with torch.no_grad():
            before: list[Tensor] = []
            self._field(x[None], None, before)
            found = []
            for n, mesh in enumerate(self._meshes()):
                field = (before[n][0, 0] if self._chips else before[n][0]) * math.sqrt(self._mode_watts())
                found.append(chip_drawing(self._name(n), mesh, first_chip(self._actual(mesh)), field, self.card))
            return found

    def write_settings(self, path: Path) -> int:
        """Write phase, drive voltage and power of every shifter as CSV or HDF5; of an ensemble, the first chip's.

        Returns:
            The number of shifters.
        """
        plans = {self._name(n): mesh.topology for n, mesh in enumerate(self._meshes())}
        commands = torch.cat([first_chip(mesh.phases).detach() for mesh in self._meshes()])
        actual = torch.cat([first_chip(phases).detach() for phases in self.phases()])
        columns = settings_columns(plans, self.card.mesh)
        write_settings(path, columns=columns, phases=commands, actual=actual, card=self.card.shifter)
        return len(commands)

    def costs(self) -> Costs:
        with torch.no_grad():
            middle = self._field(torch.zeros(1, self.in_features).to(self.gain), None)
            received = middle[..., : self.out_features].abs().square().mean() * self._mode_watts()
            drives = sum(float(electrical_power(mesh.phases, self.card.shifter).sum()) for mesh in self._meshes())
        columns = sum(mesh.topology.depth for mesh in self._meshes())
        return mesh_processor_costs(self.card, columns, float(received), drives)

    def ideal(self) -> Self:
        return self._twin(self.card.ideal())

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        check_chips(chips)
        nominal = _nominal(self.card)
        built = [
            built_faults(
                nominal, mesh.topology, self.card.mesh, derive_key(seed, "mesh", n), chips,
                phase_error_rad=self.card.shifter.phase_error_rad,
            )
            for n, mesh in enumerate(self._meshes())
        ]  # fmt: skip
        twin = self._twin(self.card, built)
        twin._chips = chips or twin._chips
        return twin

    def corrected(self) -> Self:
        """The same chips, commanded anew so that splitters and shifters as built make the matrices of the design.

        Each cell corrects its own errors as far as its splitters reach (`photonics_sim.mesh.decompose`); the errors
        must be known, as after a calibration. Phases then differ from chip to chip. Crosstalk is not corrected, nor are
        losses, which act otherwise on the new phases than on the old.

        Raises:
            PhotonicsError: for a topology that cannot make every matrix.
        """
        twin = copy.deepcopy(self)
        design = Faults(angle=_nominal(self.card).angle)
        for n, mesh in enumerate(self._meshes()):
            with torch.no_grad():
                target = mesh_matrix(mesh.topology, mesh.phases.double() * self._stretch(), design)
            built = Faults(angle=mesh.faults.angle, phase=mesh.faults.phase).map(Tensor.double)
            actual = decompose(target, mesh.topology, faults=built).phases.detach()
            phases = (actual / self._stretch()).to(mesh.phases)
            twin.meshes[n] = Mesh(mesh.modes, mesh.topology, phases=phases, faults=mesh.faults)
        return twin

    def _twin(self, card: MeshProcessorCard, faults: Sequence[Faults] | None = None) -> Self:
        """The same settings on another card; with these faults of each mesh, or those of the card's design."""
        kept = {id(part): part for part in self._meshes()}  # each is replaced below
        twin = copy.deepcopy(self, kept)
        twin.card = card
        twin._chips = next((len(mesh.phases) for mesh in self._meshes() if mesh.phases.ndim == 2), 0)
        twin.crosstalk = _crosstalk(card)
        found = faults or [_nominal(card)] * len(self.meshes)
        for n, (mesh, parts) in enumerate(zip(self._meshes(), found, strict=True)):
            twin.meshes[n] = mesh.with_faults(parts)
        return twin.to(self.gain)

    def _meshes(self) -> list[Mesh]:
        return [cast(Mesh, mesh) for mesh in self.meshes]

    def _name(self, n: int) -> str:
        if self.card.arrangement == "unitary":
            return "mesh" if self.card.layers == 1 else f"mesh {n + 1}"
        side = ("right", "left")[n % 2]
        return side if self.card.layers == 1 else f"{side} {n // 2 + 1}"

    def _mode_watts(self) -> float:
        """Power on one waveguide behind the splitting of the laser."""
        return to_si("power_mw", self.card.laser.power_mw) / self.card.modes

    def _mean_loss_db(self) -> float:
        """From the laser's split to a photodiode, averaged over paths; an activation's absorption is not counted."""
        card, plan = self.card, self._meshes()[0].topology
        per_mesh = mean_path_loss_db(plan, card.mesh, shifter_loss_db=card.shifter.loss_db)
        return card.facet_loss_db + card.encoder.loss_db + card.meshes * per_mesh

    def _field(self, x: Tensor, key: int | None, seen: list[Tensor] | None = None) -> Tensor:
        """Field at the end in units of sqrt(P / N), `([chips,] *batch, modes)`; `seen` takes that before each mesh."""
        card = self.card
        reading = None if key is None else derive_key(key, "modulators")
        a = encode(x, card.encoder, reading) * 10 ** (-card.facet_loss_db / 20)
        dark = card.modes - self.in_features
        field = torch.nn.functional.pad(a, (0, dark)) if dark else a
        if self._chips:
            field = field.expand(self._chips, *field.shape)
        for n, mesh in enumerate(self._meshes()):
            if seen is not None:
                seen.append(field)
            chips = mesh.phases.ndim == 2 or mesh.faults.chips is not None
            field = propagate(mesh.topology, self._actual(mesh), field, mesh.faults, per_chip=chips)
            if self.attenuation is not None and n % 2 == 0:
                field = field * self.attenuation[n // 2].cos()
            elif n + 1 < len(self.meshes):
                root = math.sqrt(self._mode_watts())
                field = activate(field * root, card.activation) / root
        return field

    def _actual(self, mesh: Mesh) -> Tensor:
        """Phases of the shifters at the laser's wavelength, without errors as built; a phase is an index change."""
        phases = actual_phases(mesh.phases, self.card.shifter, crosstalk=self.crosstalk)
        return phases if self._stretch() == 1 else phases * self._stretch()

    def _stretch(self) -> float:
        """The phase at the laser's wavelength over that at the design wavelength, for one change of index."""
        return self.card.mesh.design_wavelength_nm / self.card.laser.wavelength_nm

    def extra_repr(self) -> str:
        card = self.card
        return (
            f"{card.name}: {card.inputs} -> {card.outputs}, {card.meshes} x {card.mesh.topology} of {card.modes} modes"
        )


def _crosstalk(card: MeshProcessorCard) -> Crosstalk | None:
    plan = topology(card.mesh.topology, card.modes)
    return (
        Crosstalk.from_positions(shifter_positions(plan, card.mesh), card.shifter) if card.shifter.crosstalk else None
    )


def _nominal(card: MeshProcessorCard) -> Faults:
    plan = topology(card.mesh.topology, card.modes)
    return nominal_faults(plan, card.mesh, wavelength_nm=card.laser.wavelength_nm, shifter_loss_db=card.shifter.loss_db)
