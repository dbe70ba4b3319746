"""Finite sums of exponentials, whose support decides everything exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from photonics_sim.analysis.universality._findings import Spectrum
from photonics_sim.analysis.universality._probe import EPS, Readout
from photonics_sim.analysis.universality._spectrum import power_by_inputs
from photonics_sim.errors import PhotonicsError

_MOST_PAIRS = 2**22
_EQUAL = 1e-12  # frequencies that differ by less, of the largest, are one


class ExponentialSum:
    r"""sigma(x) = sum_j c_j exp(i k_j . x): every encoding by phases, written out.

    Args:
        frequencies: k, real, `(terms, inputs)`.
        coefficients: c, `(terms,)`.

    Raises:
        PhotonicsError: for other shapes, and numbers that are not finite.
    """

    def __init__(self, frequencies: Tensor, coefficients: Tensor) -> None:
        if frequencies.ndim != 2 or coefficients.shape != frequencies.shape[:1] or not len(coefficients):
            raise PhotonicsError(
                f"frequencies {tuple(frequencies.shape)} and coefficients {tuple(coefficients.shape)} must be "
                "(terms, inputs) and (terms,)"
            )
        if not bool(torch.isfinite(frequencies).all() and torch.isfinite(coefficients.abs()).all()):
            raise PhotonicsError("a frequency or coefficient is not finite")
        self.frequencies, self.coefficients = frequencies.double(), coefficients.to(torch.complex128)

    def __call__(self, x: Tensor) -> Tensor:
        """Inputs `(batch, inputs)` to values `(batch,)`."""
        phase = x @ self.frequencies.to(x).T
        waves = torch.polar(torch.ones_like(phase), phase)
        return waves @ self.coefficients.to(waves)

    @property
    def inputs(self) -> int:
        return self.frequencies.shape[1]

    def detected(self, readout: Readout) -> ExponentialSum:
        """What is combined linearly, equal frequencies added up: the sum itself, or its intensity.

        Raises:
            PhotonicsError: for an intensity of too many terms.
        """
        k, c = self.frequencies, self.coefficients
        if readout == "intensity_sum":
            pairs = len(c) ** 2
            if pairs * k.shape[1] > _MOST_PAIRS * 16:
                raise PhotonicsError(
                    f"the intensity of {len(c):,} exponentials of {k.shape[1]} inputs has {pairs:,} terms; judge the "
                    "field, or fewer inputs"
                )
            k, c = (k[:, None] - k).flatten(0, 1), (c[:, None] * c.conj()).flatten()
        scale = float(k.abs().max()) or 1.0
        k = torch.round(k / (scale * _EQUAL)) * (scale * _EQUAL)  # 0.3 and 0.1 + 0.2 are one frequency
        merged, place, terms = torch.unique(k, dim=0, return_inverse=True, return_counts=True)
        total = torch.zeros(len(merged), dtype=c.dtype).index_add(0, place, c)
        mass = torch.zeros(len(merged), dtype=torch.float64).index_add(0, place, c.abs())
        rounding = torch.where(terms > 1, 8 * EPS * mass, 0.0)  # what is told in one term is told exactly
        return ExponentialSum(merged, torch.where(total.abs() > rounding, total, 0.0))

    def spectrum(self) -> Spectrum:
        """Its coefficients at frequencies of full support, of a sum whose frequencies differ."""
        size = self.coefficients.abs()
        count = (self.frequencies != 0).sum(-1)
        full = torch.where(count == self.inputs, size, 0.0)
        at = int(full.argmax())
        by_inputs = power_by_inputs(size, count, self.inputs)
        return Spectrum(
            grid=None,
            share=by_inputs[-1],
            by_inputs=by_inputs,
            largest=float(full[at]),
            frequency=tuple(self.frequencies[at].tolist()),
            floor=0.0,
            resolved=True,
        )

    def uncoupled(self) -> tuple[int, ...]:
        """As few inputs as can be, at most one derivative in each, in which no term depends on all: a vanishing order.

        Empty sums aside, there is one wherever no frequency has full support.
        """
        there = self.frequencies[self.coefficients != 0] != 0
        alpha = torch.ones(self.inputs, dtype=torch.bool)
        for k in range(self.inputs):
            fewer = alpha.clone()
            fewer[k] = False
            if bool(fewer.any()) and not bool((there | ~fewer).all(-1).any()):
                alpha = fewer
        return tuple(alpha.int().tolist())
