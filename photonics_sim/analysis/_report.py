"""What a universality check found, with its evidence and what it does not say."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from photonics_sim.analysis._certificate import Certificate
from photonics_sim.analysis._spectrum import Spectrum
from photonics_sim.analysis._stencil import Measured
from photonics_sim.analysis._strength import Strength

Verdict = Literal["nondegenerate", "degenerate", "inconclusive"]


@dataclass(frozen=True)
class UniversalityReport:
    """The verdict on an encoding, after the criterion of arXiv:2509.05420.

    Sums of sigma(a x + b), elementwise, approximate every continuous function if and only if no mixed derivative of
    sigma vanishes identically. What was tested is part of the answer: a degenerate encoding can pass low orders.

    Attributes:
        verdict: "nondegenerate", "degenerate" or "inconclusive".
        order_proved: Order in each input up to which no derivative vanishes; "all" where the spectrum decides; 0 where
            nothing is shown.
        encoder, readout: What was assumed of both.
        witness: The derivative or difference that decides: not zero where the verdict is nondegenerate, vanishing where
            it is degenerate; None where the spectrum decides, or nothing does.
        strength: Share of the variance that needs all inputs.
        smooth: Whether derivatives could be trusted; None where forward mode does not pass.
        spectrum: For periodic encodings.
        certificate: For degenerate ones: a function out of reach.
        residuals: Held-out relative residuals of least squares on 16, 64 (and 256) random features, by target.
        measured: All orders that were looked at.
        caveats: In plain words.
    """

    verdict: Verdict
    order_proved: int | Literal["all"]
    encoder: str
    readout: str
    witness: Measured | None
    strength: Strength
    smooth: bool | None
    spectrum: Spectrum | None = None
    certificate: Certificate | None = None
    residuals: dict[str, list[float]] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    caveats: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        table = asdict(self)
        table["strength"]["z"] = self.strength.z
        if self.certificate is not None:
            table["certificate"]["holds"] = self.certificate.holds
        return table

    def __str__(self) -> str:
        up_to = f" up to order {self.order_proved} in each input" if isinstance(self.order_proved, int) else ""
        shown = f"{self.verdict}{up_to if self.verdict == 'nondegenerate' else ''}"
        lines = [f"{shown} · {self.encoder} encoder, {self.readout} read-out"]
        if self.witness is not None:
            w = self.witness
            what = "vanishes" if self.verdict == "degenerate" else "does not vanish"
            lines.append(f"order {w.alpha} {what}: largest {w.largest:.3g}, rounding {w.floor:.2g}")
        if self.spectrum is not None:
            lines.append(f"power at frequencies of full support: {self.spectrum.share:.3g}")
        lines.append(
            f"share of the variance that needs all inputs: {self.strength.share:.3g} +- {self.strength.error:.1g}"
        )
        if self.certificate is not None and self.certificate.holds:
            c = self.certificate
            lines.append(f"misses x^{c.alpha} on [-1, 1]^d by {c.error:.3g} at least, with any number of features")
        lines += [f"{name}: residual {' '.join(f'{r:.2g}' for r in row)}" for name, row in self.residuals.items()]
        return "\n".join([*lines, *(f"- {caveat}" for caveat in self.caveats)])
