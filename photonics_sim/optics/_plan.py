"""What a method will do to light on a grid, in numbers that a person can read."""

from __future__ import annotations

from dataclasses import dataclass

from photonics_sim.device import format_si

LEAST_CAPTURED = 0.01


@dataclass(frozen=True)
class PropagationPlan:
    """What a method will do to light on a grid. Shares are of the power of the field, or of white light on the grid.

    Attributes:
        method: That is planned.
        padded: Samples of the padded plane, (y, x).
        critical_distance_m: Up to here the transfer function of a spectrum that fills the grid is resolved by its bins;
            from here on the impulse response is resolved by the samples.
        wrapped_power: Share that would come back into the window from its other side.
        clipped_power: Share outside the band that the bins resolve, which "band-limited" leaves out.
        evanescent_power: Share in structures finer than a wavelength, which fades at once.
        captured_power: Share that lands in the plane that is read, by its rays.
        phase_error_rad: Of the kernel against the exact one: rms over the spectrum, rounding included.
        fresnel_number: Half a window squared over wavelength and distance.
        memory_bytes: Of the transfer function or matrices, and of what one field takes on its way.
        accuracy: That was asked for, as a share of the power.
        warnings: What does not meet it, with the number and the remedy; empty where all is well.
    """

    method: str
    padded: tuple[int, int]
    critical_distance_m: float
    wrapped_power: float
    clipped_power: float
    evanescent_power: float
    captured_power: float
    phase_error_rad: float
    fresnel_number: float
    memory_bytes: int
    accuracy: float
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = {
            "method": self.method,
            "padded to": f"{self.padded[0]} x {self.padded[1]} samples",
            "critical distance": format_si(self.critical_distance_m, "m"),
            "Fresnel number": f"{self.fresnel_number:.3g}",
            "power that wraps round": f"{self.wrapped_power:.2g}",
            "power outside the resolved band": f"{self.clipped_power:.2g}",
            "evanescent power": f"{self.evanescent_power:.2g}",
            "power that lands in the window": f"{self.captured_power:.2g}",
            "phase error of the kernel": f"{self.phase_error_rad:.2g} rad",
            "memory": format_si(self.memory_bytes, "B"),
        }
        width = max(map(len, rows))
        told = [f"{name:{width}s}  {value}" for name, value in rows.items()]
        return "\n".join([*told, *(f"warning: {one}" for one in self.warnings)])
