"""Phase-encoded data in a multiply scattering medium: universal with one optical layer (arXiv:2509.05420)."""

from __future__ import annotations

import math
from typing import Literal, Self

import torch
from torch import Tensor, nn

from photonics_devices._images import near_root
from photonics_devices.scatterer._scatterer_card import FreeSpaceScattererCard
from photonics_devices.scatterer._scatterer_costs import scatterer_costs
from photonics_devices.scatterer._scatterer_shift import shifted
from photonics_sim.device import Costs, Device, derive_key, normal, to_si
from photonics_sim.optics import resolvent, round_trips, symmetric_unitary
from photonics_sim.signals import detect, phase_transmission


class FreeSpaceScatterer(Device):
    r"""Light bounces between a modulator that carries the data and a scattering medium; a lens sums R such fields.

    For class c and copy r, with inputs x of width d:

    .. math::
        T_{cr} = \mathrm{diag}\, e^{i (a_{cr} \odot x + b_{cr})}, \quad S_{cr} = e^{i (H_{cr} + H_{cr}^T) / 2}, \quad
        E_{cr} = \tfrac12 (I - \tfrac12 T_{cr} S_{cr} T_{cr})^{-1} s_{cr}, \quad
        y_c = \Big| \tfrac{1}{\sqrt{R d}} \sum_r \sum_i E_{cr,i} \Big|^2

    With `bounces` = n on the card the detectors are read when the source has burnt for n round trips. The field is then
    :math:`E_{cr} = \tfrac12 \sum_{m=0}^{n} (\tfrac12 T_{cr} S_{cr} T_{cr})^m s_{cr}`; 0 waits for all of them.

    y_c is the power on the pixel at the lens's focus, where it forms the orthonormal Fourier transform of the R fields
    side by side. Trained are scale a, bias b (rad), illumination s and, if the card says so, the symmetric unitary S.
    The outputs are y_c: the detected power in watts times an electronic gain of sum |s|^2 / laser power. So the light
    is as strong as the card's laser, whatever training makes of |s|, and training |s| sets the gain.

    As built, the panel may sit beside its place. Seen from its pixels the medium is then :math:`P S_{cr} P^T`, where P
    shifts light across the image of d pixels, also by parts of one: S stays unitary and symmetric. A chip has one rigid
    panel for all classes and copies, so one shift. Illumination and lens are mounted on the panel: s stays as it is.

    Args:
        card: The numbers.
        seed: Of the initial scales, biases, illumination and scattering matrix.

    Attributes:
        encoder: "diagonal": each input meets one pixel.
        readout: "coherent": fields are summed before detection.
    """

    encoder: Literal["diagonal", "dense"] = "diagonal"
    readout: Literal["coherent", "intensity_sum"] = "coherent"
    phase_error: Tensor | None
    generator_error: Tensor | None
    panel_shift: Tensor | None

    def __init__(self, card: FreeSpaceScattererCard, *, seed: int = 0) -> None:
        super().__init__()
        self.card: FreeSpaceScattererCard = card
        self.in_features, self.out_features = card.inputs, card.classes
        c, r, d = card.classes, card.copies, card.inputs

        def draw(name: str, *shape: int) -> Tensor:
            return normal(derive_key(seed, name), *shape).to(torch.get_default_dtype())

        ladder = scale_ladder(card).to(torch.get_default_dtype())
        self.scale = nn.Parameter((ladder[:, None] * draw("scale", r, d)).repeat(c, 1, 1))
        self.bias = nn.Parameter(draw("bias", c, r, d))
        # real and imaginary part last: a change of number type must not drop one of them
        self.illumination = nn.Parameter(draw("illumination", c, r, d, 2) / math.sqrt(2))
        self.generator = nn.Parameter(draw("generator", c, r, d, d), requires_grad=card.train_scattering)
        self.register_buffer("phase_error", None, persistent=False)
        self.register_buffer("generator_error", None, persistent=False)
        self.register_buffer("panel_shift", None, persistent=False)

    def measure(self, x: Tensor, key: int | None) -> Tensor:
        return self._read((self._amplitude(x, key)).abs().square(), key)

    def response(self, x: Tensor) -> Tensor:
        """The complex field on each detector before detection, `(*batch, classes)`, noiseless."""
        return self._amplitude(x, None)

    @property
    def crossings(self) -> int | None:
        """Pixels that light meets in so many bounces: one more. None where it circulates for ever."""
        return self.card.bounces + 1 if self.card.bounces else None

    @property
    def period(self) -> None:
        """None: each pixel has a scale of its own."""
        return None

    def power(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Power of the illumination and of all fields behind the modulator, in watts, each `(*batch)`."""
        field = self._fields(x.reshape(-1, self.in_features), None)
        leaving = field.abs().square().sum((-1, -3, -4)) * self._watts()
        entering = torch.full_like(leaving, to_si("power_mw", self.card.laser.power_mw))
        shape = (*leaving.shape[:-1], *x.shape[:-1])
        return entering.reshape(shape), leaving.reshape(shape)

    def planes(self, x: Tensor, output: int) -> dict[str, Tensor]:
        """Phase and field at the modulator and field at the detector plane, for one sample and one class."""
        field = self._fields(x[None], None)
        while field.ndim > 4:  # of an ensemble, the first chip
            field = field[0]
        relative = _tiles(field[output, :, 0]) / self.illumination.norm()
        phase = torch.remainder(self._phase(x[None])[output, :, 0], 2 * math.pi)
        return {
            "phase at the modulator": _tiles(phase),
            "field at the modulator": relative,
            "field at the detector": torch.fft.fftshift(torch.fft.fft2(relative, norm="ortho")),
        }

    def detectors(self) -> None:
        """None: each class has a lens of its own, and a detector at its focus."""
        return None

    def costs(self) -> Costs:
        with torch.no_grad():
            received = self._amplitude(torch.zeros_like(self.scale[0, 0])[None], None).abs().square()
            return scatterer_costs(self.card, float((received * self._watts()).mean()))

    def ideal(self) -> Self:
        return self._rebuilt(self.card.ideal())

    def as_built(self, seed: int, chips: int | None = None) -> Self:
        c, r, d = self.card.classes, self.card.copies, self.card.inputs
        lead = () if chips is None else (chips,)
        twin = self._rebuilt(self.card)
        phase, scattering = self.card.modulator.phase_error_rad, self.card.scattering.error_rad
        shift = self.card.modulator.shift_px
        twin.phase_error = phase * normal(derive_key(seed, "phase error"), *lead, c, r, 1, d, like=self.scale)
        if scattering:
            error = normal(derive_key(seed, "scattering error"), *lead, c, r, d, d, like=self.scale)
            twin.generator_error = scattering * error
        if shift:
            twin.panel_shift = shift * normal(derive_key(seed, "panel shift"), *lead, 2, like=self.scale)
        return twin

    def _phase(self, x: Tensor) -> Tensor:
        """Commanded phase `(classes, copies, b, d)` of inputs `(b, d)`."""
        return self.scale.unsqueeze(-2) * x + self.bias.unsqueeze(-2)

    def _scattering(self) -> Tensor:
        """S as the panel meets it, `([chips,] classes, copies, d, d)`."""
        generator = self.generator if self.generator_error is None else self.generator + self.generator_error
        S = symmetric_unitary(generator)
        if self.panel_shift is None:
            return S
        return shifted(S, self.panel_shift[..., None, None, :], near_root(self.in_features))

    def _fields(self, x: Tensor, key: int | None) -> Tensor:
        """Fields behind the modulator `([chips,] classes, copies, b, d)` of inputs `(b, d)`."""
        phase = self._phase(x)
        if self.phase_error is not None:
            phase = phase + self.phase_error
        modulator = self.card.modulator
        T = phase_transmission(
            phase,
            bits=modulator.phase_bits,
            noise_rad=modulator.phase_noise_rad,
            loss_db=modulator.loss_db,
            key=key,
        )
        S = self._scattering()
        source = torch.view_as_complex(self.illumination)
        *lead, b, d = T.shape
        S, source = S.expand(*lead, d, d), source.expand(*lead, d)
        field = self._circulate(T.reshape(-1, b, d), S.reshape(-1, d, d), source.reshape(-1, d))
        return field.reshape(*lead, b, d)

    def _circulate(self, T: Tensor, S: Tensor, source: Tensor) -> Tensor:
        """The light in the loop when it is read, `(g, b, d)`."""
        card = self.card
        if card.bounces:
            return round_trips(T, S, source, coupling=card.coupling, bounces=card.bounces)
        tolerance = max(card.tolerance, torch.finfo(T.dtype).eps)
        return resolvent(T, S, source, coupling=card.coupling, tolerance=tolerance)

    def _amplitude(self, x: Tensor, key: int | None) -> Tensor:
        """Field at the focus `([chips,] *batch, classes)`."""
        batch = x.shape[:-1]
        field = self._fields(x.reshape(-1, self.in_features), key)
        focus = field.sum((-1, -3)) / math.sqrt(self.card.copies * self.in_features)
        focus = focus.movedim(-2, -1)
        return focus.reshape(*focus.shape[:-2], *batch, self.out_features)

    def _watts(self) -> Tensor:
        """Watts per unit of |field|^2: the laser's power over that of the whole illumination."""
        return to_si("power_mw", self.card.laser.power_mw) / self.illumination.square().sum()

    def _read(self, intensity: Tensor, key: int | None) -> Tensor:
        watts = self._watts()
        return detect(intensity * watts, self.card.detector, key) / watts

    def extra_repr(self) -> str:
        card = self.card
        return f"{card.name}: {card.inputs} -> {card.classes}, copies={card.copies}, coupling={card.coupling}"


def scale_ladder(card: FreeSpaceScattererCard) -> Tensor:
    """Initial standard deviation of the input scale of each copy, `(copies)` float64.

    Published: 0.1 * 10^r, which exceeds float32's phase resolution from r = 6 on. Geometric: from 0.1 to at most 10,
    never steeper than the published one.
    """
    step = 10.0
    if card.scale_ladder == "geometric":
        step = min(step, 100 ** (1 / max(card.copies - 1, 1)))
    return torch.tensor([0.1 * step**r for r in range(card.copies)], dtype=torch.float64)


def _tiles(copies: Tensor) -> Tensor:
    """Copies `(R, d)` side by side as one image, as square as d and R allow."""
    r, d = copies.shape
    ny, ry = near_root(d), near_root(r)
    return copies.reshape(ry, r // ry, ny, d // ny).transpose(1, 2).reshape(ry * ny, -1)
