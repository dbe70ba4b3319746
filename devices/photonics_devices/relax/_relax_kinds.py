"""The kinds of banks that a ReLaX processor can have."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import cast

import torch

from photonics_devices.relax._relax import ReLaXProcessor
from photonics_devices.relax._relax_cards import (
    ReLaXCard,
    ReLaXCrossbarCard,
    ReLaXMeshCard,
    ReLaXPanelCard,
    ReLaXRingsCard,
)
from photonics_devices.relax._relax_costs import Light, Reading, coherent_reading, intensity_reading
from photonics_sim.device import to_si
from photonics_sim.mesh import Topology, mean_path_loss_db, nominal_faults, shifter_positions, topology
from photonics_sim.reuse import CrossbarBanks, MeshBanks, RingBanks, SlowBanks
from photonics_sim.weights import (
    Crosstalk,
    LiquidCrystalWeights,
    PhaseChangeWeights,
    PhaseShifterWeights,
    WeightModel,
    electrical_power,
)

_MEAN_SUM = 1 / 3  # of the two cells of a weight one is dark; the other transmits a third on average


class ReLaXMesh(ReLaXProcessor):
    """Banks of two meshes of interferometers each, with attenuators between them; coherent read-out.

    Networks on multi-bank meshes: arXiv:2511.00044; meshes: Clements et al., Optica 3, 1460 (2016).
    """

    card: ReLaXMeshCard

    def _make_banks(self, seed: int | None) -> SlowBanks:
        card = self.card
        plan = topology(card.mesh.topology, card.width)
        crosstalk = None
        if card.shifter.crosstalk:
            crosstalk = Crosstalk.from_positions(shifter_positions(plan, card.mesh), card.shifter)
        return MeshBanks(
            card.schedule.weight_sets,
            card.width,
            layers=card.schedule.layers,
            mesh=card.mesh,
            faults=nominal_faults(
                plan, card.mesh, wavelength_nm=card.laser.wavelength_nm, shifter_loss_db=card.shifter.loss_db
            ),
            loss_db=self._bank_loss_db(plan),
            phase_error_rad=card.shifter.phase_error_rad,
            model=PhaseShifterWeights(card.shifter, crosstalk, wander_rad=card.wander_rad),
            clock=self.clock,
            noise=self._read(1.0).noise(card),
            seed=seed,
        )

    def _reading(self) -> Reading:
        banks = cast(MeshBanks, self.banks)
        # of a row of Re(U S V): the mean of S^2, whatever U and V; every input at half its full field
        power = float(banks.attenuation.detach().sigmoid().square().mean()) / 4
        return self._read(power)

    def _read(self, outputs_per_input: float) -> Reading:
        card = self.card
        plan = topology(card.mesh.topology, card.width)
        path = 2 * plan.depth * to_si("column_length_um", card.mesh.column_length_um) * card.mesh.group_index
        loss_db = self._bank_loss_db(plan)
        return coherent_reading(card, card.local_oscillator_mw, loss_db, outputs_per_input, path)

    def _bank_loss_db(self, plan: Topology) -> float:
        """Of both meshes, averaged over paths."""
        return 2 * mean_path_loss_db(plan, self.card.mesh, shifter_loss_db=self.card.shifter.loss_db)

    @property
    def _light(self) -> Light:
        return Light(1, more_w=self.card.width * to_si("oscillator_mw", self.card.local_oscillator_mw))

    def _hold_w(self) -> float:
        phases = cast(MeshBanks, self.banks).phases.target.detach()
        shifters = float(electrical_power(phases, self.card.shifter).sum()) / len(phases)
        # an attenuator is an interferometer with a shifter of the same kind, at pi / 2 on average
        one = float(electrical_power(torch.tensor([math.pi / 2]), self.card.shifter))
        return shifters + self.card.width * one + _held_besides(self)


class ReLaXRings(ReLaXProcessor):
    """Banks of microrings, one colour per input; read as x and as -x.

    Broadcast and weight: Tait et al., J. Lightwave Technol. 32, 4029 (2014).
    """

    card: ReLaXRingsCard

    def _make_banks(self, seed: int | None) -> SlowBanks:
        card = self.card
        channels = torch.arange(card.width, dtype=torch.float64) - (card.width - 1) / 2
        spacing = to_si("spacing_nm", card.channel_spacing_nm)
        return RingBanks(
            card.schedule.weight_sets,
            card.width,
            layers=card.schedule.layers,
            ring=card.ring,
            wavelengths_m=to_si("wavelength_nm", card.laser.wavelength_nm) + spacing * channels,
            resonance=card.resonance,
            clock=self.clock,
            noise=self._reading().noise(card),
            seed=seed,
        )

    def _reading(self) -> Reading:
        # drop and through light of a ring together are all there is
        return intensity_reading(self.card, self.card.width, self.card.width, lasers=self.card.width)

    @property
    def _light(self) -> Light:
        return Light(self.card.width)

    def _hold_w(self) -> float:
        power = cast(RingBanks, self.banks).heater_power().detach()
        return float(power.sum()) / len(power) + _held_besides(self)


class _CellPairs(ReLaXProcessor):
    """Banks of pairs of cells that transmit from 0 to 1; read as x and as -x."""

    def _make_banks(self, seed: int | None) -> SlowBanks:
        card: ReLaXCard = self.card
        return CrossbarBanks(
            card.schedule.weight_sets,
            card.width,
            layers=card.schedule.layers,
            model=self._model(),
            clock=self.clock,
            noise=self._reading().noise(card),
            seed=seed,
        )

    @abstractmethod
    def _model(self) -> WeightModel:
        """What a cell makes of its target."""

    def _hold_w(self) -> float:
        return _held_besides(self)


class ReLaXCrossbar(_CellPairs):
    """Banks of phase-change cells on waveguide crossings: Feldmann et al., Nature 589, 52 (2021).

    Each input has a colour of its own, so that powers add up on the guide of an output, onto which plain couplers bring
    them at a loss of 1 / N.
    """

    card: ReLaXCrossbarCard

    def _model(self) -> WeightModel:
        return PhaseChangeWeights(self.card.cell)

    def _reading(self) -> Reading:
        width = self.card.width
        return intensity_reading(self.card, 2 * width, width * _MEAN_SUM, lasers=width, combined=width)

    @property
    def _light(self) -> Light:
        return Light(self.card.width)


class ReLaXPanel(_CellPairs):
    """Banks of pixels of a liquid-crystal panel in free space, between a fan-out and a fan-in of light.

    The pixels of an output lie side by side on a photodiode that is large enough for them: their powers add up.
    """

    card: ReLaXPanelCard

    def _model(self) -> WeightModel:
        return LiquidCrystalWeights(self.card.cell)

    def _reading(self) -> Reading:
        return intensity_reading(self.card, 2 * self.card.width, self.card.width * _MEAN_SUM)

    @property
    def _light(self) -> Light:
        return Light(1)


def _held_besides(device: ReLaXProcessor) -> float:
    """Power that the card gives for holding one bank, in W."""
    return device.banks.cells * to_si("hold_power_uw", device.card.write.hold_power_uw)
