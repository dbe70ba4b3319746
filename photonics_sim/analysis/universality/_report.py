"""What a universality check found, with its evidence and what it does not say."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from photonics_sim.analysis.universality._findings import Certificate, Measured, PathBound, Spectrum, Strength

if TYPE_CHECKING:  # a page is drawn from a report without torch
    from photonics_sim.analysis.universality._probe import Probe

Verdict = Literal["nondegenerate", "degenerate", "inconclusive"]

LIMIT = (
    "the criterion is a statement about ever more features: it says nothing of accuracy with few, of training or noise"
)


@dataclass(frozen=True)
class UniversalityReport:
    """The verdict on an encoding, after the criterion of arXiv:2509.05420.

    Sums of sigma(a x + b), elementwise, approximate every continuous function if and only if no mixed derivative of
    sigma vanishes identically. What was tested is part of the answer: a degenerate encoding can pass low orders.

    Attributes:
        verdict: "nondegenerate", "degenerate" or "inconclusive".
        order_proved: Order in each input up to which no derivative vanishes; "all" where the spectrum decides; 0 where
            nothing is shown.
        inputs: How many were judged together.
        encoder, readout: What was assumed of both.
        strength: Share of the variance that needs all inputs.
        witness: The derivative or difference that decides: not zero where the verdict is nondegenerate, vanishing where
            it is degenerate; None where the spectrum decides, or nothing does.
        smooth: Whether derivatives could be trusted; None where forward mode does not pass.
        spectrum: For periodic encodings and sums of exponentials.
        certificate: For degenerate ones: a function out of reach.
        features: Numbers of random features of the span test.
        residuals: Held-out relative residuals of least squares on so many features, by target.
        measured: All orders that were looked at.
        paths: How many inputs path counting lets be coupled, where it was told how many a path meets.
        coupling: Strength by number of inputs, from `coupling_spectrum`, where it was asked for.
        caveats: In plain words.
    """

    verdict: Verdict
    order_proved: int | Literal["all"]
    inputs: int
    encoder: str
    readout: str
    strength: Strength
    witness: Measured | None = None
    smooth: bool | None = None
    spectrum: Spectrum | None = None
    certificate: Certificate | None = None
    features: tuple[int, ...] = ()
    residuals: dict[str, list[float]] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    paths: PathBound | None = None
    coupling: dict[int, Strength] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()

    @classmethod
    def on(
        cls,
        probe: Probe,
        verdict: Verdict,
        strength: Strength,
        *,
        caveats: tuple[str, ...],
        order_proved: int | Literal["all"] = 0,
        **evidence: Any,
    ) -> UniversalityReport:
        """A report on a response; `evidence` are the fields that not every test fills."""
        return cls(
            verdict=verdict,
            order_proved=order_proved,
            inputs=probe.inputs,
            encoder=probe.encoder,
            readout=probe.readout,
            strength=strength,
            caveats=(*caveats, LIMIT),
            **evidence,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        table = asdict(self)
        table["strength"]["z"] = self.strength.z
        if self.certificate is not None:
            table["certificate"]["holds"] = self.certificate.holds
        return table

    def __str__(self) -> str:
        return "\n".join([self.sentence, *self._evidence(), *(f"- {caveat}" for caveat in self.caveats)])

    @property
    def is_exact(self) -> bool:
        """Whether a verdict of degenerate rests on more than what was sampled: on paths, or on the whole spectrum."""
        counted = self.paths is not None and self.inputs > self.paths.coupled
        return counted or (self.spectrum is not None and self.spectrum.is_zero)

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        order = self.order_proved
        up_to = f" up to order {order} in each input" if isinstance(order, int) else " in all orders"
        shown = f"{self.verdict}{up_to if self.verdict == 'nondegenerate' else ''}"
        plural = "s" if self.inputs > 1 else ""
        whole = ""
        if self.paths is not None and self.paths.refutes and self.verdict != "degenerate":
            whole = f" (all {self.paths.inputs} together are degenerate)"
        return f"{shown} · {self.inputs} input{plural}{whole}, {self.encoder} encoder, {self.readout} read-out"

    def _evidence(self) -> list[str]:
        lines = []
        if self.witness is not None:
            what = "vanishes" if self.verdict == "degenerate" else "does not vanish"
            size = f"largest {self.witness.largest:.3g}, rounding {self.witness.floor:.2g}"
            lines.append(f"order {shown_order(self.witness.alpha)} {what}: {size}")
        if self.paths is not None:
            one = "a path of light meets {} of {} inputs at most: {} can be coupled"
            lines.append(one.format(self.paths.crossings, self.paths.inputs, self.paths.coupled))
        if self.spectrum is not None:
            lines.append(f"power at frequencies of full support: {self.spectrum.share:.3g}")
        lines.append(
            f"share of the variance that needs all inputs: {self.strength.share:.3g} +- {self.strength.error:.1g}"
        )
        if self.certificate is not None and self.certificate.holds:
            missed = f"{monomial(self.certificate.alpha)} on [-1, 1]^d by {self.certificate.error:.3g} at least"
            reach = "however many they are" if self.is_exact else "as far as those tell that were sampled"
            lines.append(f"sums of its features miss {missed}, {reach}")
        if self.residuals:
            lines.append(f"error of functions from {', '.join(map(str, self.features))} random features:")
        return lines + [f"  {name}: {' '.join(f'{r:.2g}' for r in row)}" for name, row in self.residuals.items()]


def shown_order(alpha: tuple[int, ...]) -> str:
    """A multi-index; of a long one what is not 0."""
    return str(alpha) if len(alpha) <= 6 else f"of {monomial(alpha)}"


def monomial(alpha: tuple[int, ...]) -> str:
    """x^alpha, written out."""
    factors = [f"x{k + 1}^{order}" if order > 1 else f"x{k + 1}" for k, order in enumerate(alpha) if order]
    return " ".join(factors if len(factors) <= 8 else [*factors[:3], "...", factors[-1]])
