"""A small chip that sees its inputs again and again: time bins take the place of more hardware (arXiv:2509.05420)."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Literal, Self

import torch
from torch import Tensor, nn

from photonics_devices.time_multiplexed._time_multiplexed_card import TimeMultiplexedProcessorCard
from photonics_devices.time_multiplexed._time_multiplexed_costs import (
    multiplexed_alternatives,
    multiplexed_costs,
    multiplexed_timeline,
)
from photonics_devices.time_multiplexed._time_multiplexed_light import gate_moments, through_columns
from photonics_sim.device import (
    ELEMENTARY_CHARGE_C,
    Alternative,
    Costs,
    Device,
    Timeline,
    check_chips,
    derive_key,
    format_si,
    normal,
    to_si,
)
from photonics_sim.errors import PhotonicsError
from photonics_sim.mesh import (
    Faults,
    built_faults,
    haar_phases,
    mean_path_loss_db,
    mesh_matrix,
    nominal_faults,
    shifter_positions,
    topology,
)
from photonics_sim.signals import detect, phase_transmission, quantise_phase
from photonics_sim.weights import Crosstalk, actual_phases, electrical_power


class TimeMultiplexedProcessor(Device):
    r"""Fast modulators replay the inputs x with a scale and bias of each time bin, while the photodiodes integrate.

    Light of one laser is split over W waveguides. C columns of phase modulators, each with some of the inputs on its
    first waveguides, stand between C + 1 passive mixers U (`photonics_sim.mesh`). In time bin j of r, with the mixers
    of bank k(j), the power on the first waveguide at the end is, in units of the light that enters the chip,

    .. math::
        p_j = |e_0^T U_C T_C U_{C-1} \dots T_1 U_0 \mathbf{1} / \sqrt{W}|^2, \quad
        T_c = \mathrm{diag}(e^{i (a_{jk} x_k + b_{jk})}, \dots, 1)

    It is split over the outputs. A fast interferometer with two outputs in front of each pair of photodiodes weighs the
    bins, and each photodiode integrates over all of them before it is read once:

    .. math::
        P^\pm_c = \frac1r \sum_j p_j \frac{1 \pm w_{cj}}{2}, \quad w_{cj} = \kappa \sin\theta_{cj}, \quad
        y_c = g_c (P^+_c - P^-_c) / P_0 + o_c

    P counts the light of one branch; photodiodes read it in watts, after the losses of the card, and P_0 is what a pair
    gets on average over paths. kappa = (X - 1) / (X + 1) at an extinction ratio X. So y is a sum of r terms
    w_j p(a_j x + b_j), the universal form of arXiv:2509.05420; a weight behind the chip acts as one on the light that
    enters it. Trained are a, b (rad), theta, the electronic gain g and offset o, and the mixers if the card says so.

    One column couples no more than 2 inputs in an intensity, so its sums stay degenerate for 3 inputs or more; with a
    column for each input every path meets all of them (`crossings`).

    **What more bins buy**: terms, hence accuracy, on the same chip, and less noise on a photodiode: it falls as
    1 / sqrt(r), since integration over T has a noise bandwidth of 1 / (2 T). **What they cost**: time and energy in
    proportion, and modulators that lag (`gate_moments`) want them long. **Where noise stops the gain**: a sum of r
    independent terms of either sign shrinks beside P_0 as 1 / sqrt(r), as the noise does; the signal-to-noise ratio of
    y grows only as far as terms agree, as sqrt(r) at most, which longer bins would give too. A term that adds less than
    the noise adds nothing. `costs` tells seconds and joules by part, and the signal-to-noise ratio of a photodiode.

    Args:
        card: The numbers.
        seed: Of the initial settings and mixers: Haar-random, where their topology makes all unitary matrices.

    Raises:
        PhotonicsError: where losses leave less than an electron in a pass.

    Attributes:
        scale, bias: a and b, `(bins, inputs)`.
        weight_phase: theta, `(outputs, bins)`, rad.
        gain, offset: g and o, `(outputs,)`.
        mixers: Commanded phases of the mixers, `(banks, columns + 1, shifters)`, rad.
        encoder: "diagonal": each input meets one modulator.
        readout: "intensity_sum": the photodiodes add up the powers of the bins.
    """

    encoder: Literal["diagonal", "dense"] = "diagonal"
    readout: Literal["coherent", "intensity_sum"] = "intensity_sum"

    def __init__(self, card: TimeMultiplexedProcessorCard, *, seed: int = 0) -> None:
        super().__init__()
        self.card: TimeMultiplexedProcessorCard = card
        self.in_features, self.out_features = card.inputs, card.outputs
        self.schedule = card.schedule.schedule()
        self.topology = topology(card.mesh.topology, card.waveguides)
        bins, dtype = card.bins, torch.get_default_dtype()

        def draw(name: str, *shape: int) -> Tensor:
            return normal(derive_key(seed, name), *shape)

        self.scale = nn.Parameter((scale_ladder(card)[:, None] * draw("scale", bins, card.inputs)).to(dtype))
        self.bias = nn.Parameter((math.pi * draw("bias", bins, card.inputs)).to(dtype))
        self.weight_phase = nn.Parameter((0.5 * draw("weight", card.outputs, bins)).to(dtype))
        self.gain = nn.Parameter(torch.full((card.outputs,), 4.0 * math.sqrt(bins), dtype=dtype))
        self.offset = nn.Parameter(torch.zeros(card.outputs, dtype=dtype))
        banks, mixers = self.schedule.weight_sets, card.mixers
        drawn = [haar_phases(self.topology, derive_key(seed, "mixer", n)) for n in range(banks * mixers)]
        phases = torch.stack(drawn).reshape(banks, mixers, -1).to(dtype)
        self.mixers = nn.Parameter(phases, requires_grad=card.train_mixers)
        # chips of an ensemble, as the leading axis of all fields; 0 for a single device
        self._chips = 0
        self._take(card)

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        pairs = self._on_photodiodes(x, key)
        keys = (None, None) if key is None else (derive_key(key, "plus"), derive_key(key, "minus"))
        plus, minus = (detect(power, self.card.integrator, k) for power, k in zip(pairs, keys, strict=True))
        return self.gain * (plus - minus) / self._pair_watts() + self.offset

    def response(self, x: Tensor) -> Tensor:
        """The chip's field for phases x, in the first bank: what the bins scale, shift and add up the intensity of.

        Scale 1 and bias 0 at the first waveguide, `([chips,] *batch, 1)` complex, in units of that of the light that
        enters the chip, noiseless. Phases take the steps of the modulators' converter, as in a pass. Settling is left
        out: it mixes the phases of one bin with those of the next, each input with itself alone.
        """
        phase = quantise_phase(x.reshape(-1, self.in_features).mT[None], self.card.modulator.dac_bits)
        mixers = self._matrices()[..., :1, :, :, :]
        transmission = phase_transmission(phase, loss_db=self.card.modulator.loss_db)
        field = through_columns(transmission, mixers, self.card.inputs_per_column)
        found: Tensor = (mixers[..., -1, :1, :] @ field)[..., 0, 0, :]
        return found.reshape(*found.shape[:-1], *x.shape[:-1], 1)

    @property
    def crossings(self) -> int:
        """Columns of modulators: a path meets one in each, whichever way the mixers send it."""
        return self.card.used_columns

    @property
    def period(self) -> float:
        """A turn of a phase."""
        return 2 * math.pi

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power of the laser and on all waveguides at the end, the mean over all gates, each `([chips,] *batch)`."""
        mixers = self._per_bin()
        gates = [
            share * (mixers[..., -1, :, :] @ field).abs().square().sum(-2).mean(-2)
            for share, field, _ in self._gated(x, None, mixers)
        ]
        leaving = torch.stack(gates).sum(0) * self._chip_watts()
        # as one tuple: of a single sample there is no axis left to unpack
        leaving = leaving.reshape((*leaving.shape[:-1], *x.shape[:-1]))
        return torch.full_like(leaving, to_si("power_mw", self.card.laser.power_mw)), leaving

    def weights(self) -> Tensor:
        """Signed weight of each bin at each output once modulators have settled, `(outputs, bins)`."""
        theta = quantise_phase(self.weight_phase, self.card.modulator.dac_bits)
        return self.card.weight.largest * theta.sin()

    def costs(self) -> Costs:
        with torch.no_grad():
            plus, minus = self._on_photodiodes(torch.zeros_like(self.scale[0]), None)
            return multiplexed_costs(self.card, self.topology.depth, float((plus + minus).mean()) / 2, self._hold_w())

    def ideal(self) -> Self:
        return self._twin(self.card.ideal())

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        check_chips(chips)
        twin = self._twin(self.card)
        twin._chips = chips or 0
        # each mixer of each bank and chip lies somewhere else on the wafer
        meshes = (chips or 1) * self.mixers.shape[0] * self.mixers.shape[1]
        twin._faults = built_faults(
            twin._faults, self.topology, self.card.mesh, derive_key(seed, "mixers"), meshes,
            phase_error_rad=self.card.shifter.phase_error_rad,
        )  # fmt: skip
        return twin

    def alternatives(self) -> list[Alternative]:
        """Time bins on one chip, or as many chips side by side, each with a laser of its own."""
        return multiplexed_alternatives(self.card, self.topology.depth, self.topology.shifters, self._hold_w())

    def timelines(self) -> list[Timeline]:
        """One pass in time: when modulators settle, when the gate is open, when the switch moves."""
        return [multiplexed_timeline(self.card)]

    def _twin(self, card: TimeMultiplexedProcessorCard) -> Self:
        twin = copy.deepcopy(self)
        twin._chips = 0
        twin._take(card)
        return twin.to(self.gain)

    def _take(self, card: TimeMultiplexedProcessorCard) -> None:
        """Everything that follows from the card's numbers and is no setting."""
        self.card = card
        self._shares, self._followed = gate_moments(card)
        self._faults: Faults = nominal_faults(
            self.topology, card.mesh, wavelength_nm=card.laser.wavelength_nm, shifter_loss_db=card.shifter.loss_db
        )
        self._refuse_darkness()
        self.crosstalk: Crosstalk | None = None
        if card.shifter.crosstalk:
            self.crosstalk = Crosstalk.from_positions(shifter_positions(self.topology, card.mesh), card.shifter)

    def _chip_watts(self) -> float:
        """Power that enters the chip."""
        card = self.card
        lost_db = card.facet_loss_db + (card.switch.loss_db if self.schedule.weight_sets > 1 else 0.0)
        return to_si("power_mw", card.laser.power_mw) * 10 ** (-lost_db / 10)

    def _branch_watts(self) -> float:
        """Power on a pair of photodiodes, were all light of the chip on its first waveguide."""
        return self._chip_watts() * 10 ** (-self.card.weight.loss_db / 10) / self.out_features

    def _pair_watts(self) -> float:
        """P_0: on a pair when light spreads evenly and each path loses the mean loss."""
        card = self.card
        mixer_db = mean_path_loss_db(self.topology, card.mesh, shifter_loss_db=card.shifter.loss_db)
        lost_db = card.mixers * mixer_db + card.inputs / card.waveguides * card.modulator.loss_db
        return self._branch_watts() * 10 ** (-lost_db / 10) / card.waveguides

    def _refuse_darkness(self) -> None:
        """Where not one electron is detected in a pass, no reading says anything."""
        card, watts = self.card, self._pair_watts()
        seconds = card.bins * card.gate_s
        if watts * seconds * card.detector.responsivity_a_per_w < ELEMENTARY_CHARGE_C:
            raise PhotonicsError(
                f"{card.name}: {card.used_columns} columns of modulators with {card.mixers} mixers leave "
                f"{format_si(watts, 'W')} on a pair of photodiodes, not an electron in a pass; set columns lower, "
                "so that more inputs share one, or lower the losses of the parts"
            )

    def _hold_w(self) -> float:
        """Electrical power that holds the mixers of all banks."""
        return float(electrical_power(self.mixers.detach(), self.card.shifter).sum())

    def _matrices(self) -> Tensor:
        """Of all mixers, `([chips,] banks, columns + 1, waveguides, waveguides)`."""
        phases = actual_phases(self.mixers, self.card.shifter, crosstalk=self.crosstalk)
        lead = (self._chips,) if self._chips else ()
        flat = phases.expand(*lead, *phases.shape).reshape(-1, phases.shape[-1])
        built = mesh_matrix(self.topology, flat, self._faults.map(lambda values: values.to(flat)))
        return built.reshape(*lead, *phases.shape[:-1], *built.shape[-2:])

    def _per_bin(self) -> Tensor:
        """The mixers that each bin goes through, `([chips,] bins or 1, columns + 1, waveguides, waveguides)`."""
        built = self._matrices()
        return built[..., list(self.schedule.banks), :, :, :] if self.schedule.weight_sets > 1 else built

    def _gated(self, x: Tensor, key: int | None, mixers: Tensor) -> Iterator[tuple[float, Tensor, Tensor]]:
        """Moments of the gate: their share, the field in front of the last mixers, and the weights of the bins.

        Fields are `([chips,] bins, waveguides, b)`, weights `(outputs, bins)`, and `(outputs, bins, b)` where phases
        are noisy. A phase has one noise throughout a bin.
        """
        modulator = self.card.modulator
        samples = x.reshape(-1, self.in_features).mT
        command = quantise_phase(self.scale[..., None] * samples + self.bias[..., None], modulator.dac_bits)
        theta = quantise_phase(self.weight_phase, modulator.dac_bits)
        noise = 0.0 if key is None else modulator.phase_noise_rad
        if noise:
            theta = theta[..., None].expand(*theta.shape, samples.shape[-1])
        keys = (None, None) if key is None else (derive_key(key, "modulators"), derive_key(key, "weights"))
        for share, followed in zip(self._shares, self._followed, strict=True):
            phase, angle = command, theta
            if followed is not None:
                M = followed.to(command)
                phase, angle = torch.einsum("ji,i...->j...", M, command), torch.einsum("ji,ci...->cj...", M, theta)
            transmission = phase_transmission(phase, noise_rad=noise, loss_db=modulator.loss_db, key=keys[0])
            weight = self.card.weight.largest * phase_transmission(angle, noise_rad=noise, key=keys[1]).imag
            yield share, through_columns(transmission, mixers, self.card.inputs_per_column), weight

    def _on_photodiodes(self, x: Tensor, key: int | None) -> tuple[Tensor, Tensor]:
        """Mean power in watts on the plus and the minus photodiode of each pair, each `([chips,] *batch, outputs)`."""
        mixers = self._per_bin()
        sums, differences = [], []
        for share, field, weight in self._gated(x, key, mixers):
            power = share * (mixers[..., -1, :1, :] @ field).squeeze(-2).abs().square()  # ([chips,] bins, b)
            noisy = weight.ndim == 3
            weighed = (weight * power.unsqueeze(-3)).mean(-2) if noisy else weight @ power / self.card.bins
            sums.append(power.mean(-2)[..., None])
            differences.append(weighed.mT)
        both, net = torch.stack(sums).sum(0), torch.stack(differences).sum(0)

        def photodiode(share: Tensor) -> Tensor:
            watts = share * (self._branch_watts() / 2)
            return watts.reshape(*watts.shape[:-2], *x.shape[:-1], self.out_features)

        return photodiode(both + net), photodiode(both - net)

    def extra_repr(self) -> str:
        card = self.card
        return (
            f"{card.name}: {card.inputs} -> {card.outputs}, {card.bins} bins on {card.waveguides} waveguides, "
            f"{card.used_columns} columns"
        )


def scale_ladder(card: TimeMultiplexedProcessorCard) -> Tensor:
    """Initial rms of the input scale of each bin, `(bins)` float64: geometric; a single bin gets the middle."""
    low, high = math.log10(card.scale_low), math.log10(card.scale_high)
    if card.bins == 1:
        low = high = (low + high) / 2
    return torch.logspace(low, high, card.bins, dtype=torch.float64)
