"""The kinds of banks that a ReLaX processor can have."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import cast

import torch

from photonics_devices._relax import ReLaXProcessor
from photonics_devices._relax_cards import ReLaXCard, ReLaXCrossbarCard, ReLaXMeshCard, ReLaXPanelCard, ReLaXRingsCard
from photonics_devices._relax_costs import Light, Reading, coherent_reading, intensity_reading
from photonics_sim.device import to_si
from photonics_sim.mesh import Topology, nominal_faults, shifter_positions, topology
from photonics_sim.reuse import CrossbarBanks, MeshBanks, RingBanks, SlowBanks
from photonics_sim.weights import (
    Crosstalk,
    LiquidCrystalWeights,
    PhaseChangeWeights,
    PhaseShifterWeights,
    WeightModel,
    electrical_power,
)


class ReLaXMesh(ReLaXProcessor):
    """Banks of two meshes of interferometers each, with attenuators between them; coherent read-out.

    Networks on multi-bank meshes: arXiv:2511.00044; meshes: Clements et al., Optica 3, 1460 (2016).
    """

    card: ReLaXMeshCard

    def _make_banks(self, seed: int | None) -> SlowBanks:
        card = self.card
        plan = topology(card.mesh.topology, card.width)
        loss_db = 2 * _mean_loss_db(card, plan)
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
            loss_db=loss_db,
            phase_error_rad=card.shifter.phase_error_rad,
            model=PhaseShifterWeights(card.shifter, crosstalk, wander_rad=card.wander_rad),
            clock=self.clock,
            noise=coherent_reading(card, card.local_oscillator_mw, loss_db, 1.0).noise(card),
            seed=seed,
        )

    def _reading(self) -> Reading:
        banks, card = cast(MeshBanks, self.banks), self.card
        # of a row of Re(U S V): the mean of S^2, whatever U and V; every input at half its full field
        power = float(banks.attenuation.detach().sigmoid().square().mean()) / 4
        plan = topology(card.mesh.topology, card.width)
        return coherent_reading(card, card.local_oscillator_mw, 2 * _mean_loss_db(card, plan), power)

    @property
    def _light(self) -> Light:
        return Light(1, more_w=self.card.width * to_si("oscillator_mw", self.card.local_oscillator_mw))

    def _hold_w(self) -> float:
        phases = cast(MeshBanks, self.banks).phases.target.detach()
        shifters = float(electrical_power(phases, self.card.shifter).sum()) / len(phases)
        # an attenuator is an interferometer with a shifter of the same kind, at pi / 2 on average
        one = float(electrical_power(torch.tensor([math.pi / 2]), self.card.shifter))
        return shifters + self.card.width * one


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
        return float(power.sum()) / len(power)


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

    def _reading(self) -> Reading:
        # of the two cells of a weight one is dark; the other transmits a third on average
        return intensity_reading(self.card, 2 * self.card.width, self.card.width / 3)

    @property
    def _light(self) -> Light:
        return Light(1)

    def _hold_w(self) -> float:
        return self.banks.cells * to_si("hold_power_uw", self.card.write.hold_power_uw)


class ReLaXCrossbar(_CellPairs):
    """Banks of phase-change cells on waveguide crossings: Feldmann et al., Nature 589, 52 (2021)."""

    card: ReLaXCrossbarCard

    def _model(self) -> WeightModel:
        return PhaseChangeWeights(self.card.cell)


class ReLaXPanel(_CellPairs):
    """Banks of pixels of a liquid-crystal panel in free space, between a fan-out and a fan-in of light."""

    card: ReLaXPanelCard

    def _model(self) -> WeightModel:
        return LiquidCrystalWeights(self.card.cell)


def _mean_loss_db(card: ReLaXMeshCard, plan: Topology) -> float:
    """Of one mesh, averaged over paths."""
    per_path = (card.shifter.loss_db * plan.shifters + 2 * card.mesh.splitter.loss_db * plan.splitters) / plan.modes
    length_cm = 100 * plan.depth * to_si("column_length_um", card.mesh.column_length_um)
    return per_path + card.mesh.waveguide_loss_db_per_cm * length_cm
