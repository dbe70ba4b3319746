"""What one pass costs: seconds, joules, and the light that is left at the detector."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LinkBudget:
    """The way of the light from the laser to one detector, all in SI units (losses in dB).

    Attributes:
        laser_power_w: Optical power that the laser emits.
        losses_db: What is lost on the way, in order; their sum is the loss of the link.
        received_power_w: Mean optical power on one detector.
        noise_current_a: Standard deviation of the photocurrent: shot and thermal noise, in the detector's bandwidth.
        signal_current_a: Mean photocurrent.
        wall_plug_power_w: Electrical power of the laser.
    """

    laser_power_w: float
    losses_db: dict[str, float]
    received_power_w: float
    signal_current_a: float
    noise_current_a: float
    wall_plug_power_w: float

    @property
    def loss_db(self) -> float:
        return sum(self.losses_db.values())

    @property
    def signal_to_noise_db(self) -> float:
        """Electrical signal-to-noise ratio of one reading, 20 log10(signal / noise); infinite without noise."""
        if self.signal_current_a == 0:
            return -math.inf
        if self.noise_current_a == 0:
            return math.inf
        return 20 * math.log10(self.signal_current_a / self.noise_current_a)

    @property
    def effective_bits(self) -> float:
        """(SNR - 1.76 dB) / 6.02 dB, the bits of an ideal converter with this signal-to-noise ratio; at least 0."""
        return max(0.0, (self.signal_to_noise_db - 1.76) / 6.02)


@dataclass(frozen=True)
class Costs:
    """Seconds and joules of one pass, by part, and the link budgets of its optical stages.

    Costs add up: `a + b` is a pass through one device and then the other. Each device detects its light and the next
    one starts afresh, so links are kept side by side.
    """

    latency_s: dict[str, float]
    energy_j: dict[str, float]
    links: tuple[LinkBudget, ...]

    @property
    def total_latency_s(self) -> float:
        return sum(self.latency_s.values())

    @property
    def total_energy_j(self) -> float:
        return sum(self.energy_j.values())

    @property
    def signal_to_noise_db(self) -> float:
        """Of a reading at the end of the worst link; infinite where there is none."""
        return min((link.signal_to_noise_db for link in self.links), default=math.inf)

    @property
    def optical_loss_db(self) -> float:
        """Loss from laser to detector of the worst link."""
        return max((link.loss_db for link in self.links), default=0.0)

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            _merge(self.latency_s, other.latency_s),
            _merge(self.energy_j, other.energy_j),
            self.links + other.links,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers with units in the keys, for JSON and HDF5."""
        links = [
            asdict(link)
            | {
                "loss_db": link.loss_db,
                "signal_to_noise_db": link.signal_to_noise_db,
                "effective_bits": link.effective_bits,
            }
            for link in self.links
        ]
        return {
            "latency_s": self.total_latency_s,
            "energy_j": self.total_energy_j,
            "optical_loss_db": self.optical_loss_db,
            "latency_by_part_s": self.latency_s,
            "energy_by_part_j": self.energy_j,
            "links": links,
        }


def _merge(first: dict[str, float], second: dict[str, float]) -> dict[str, float]:
    return {
        name: first.get(name, 0.0) + second.get(name, 0.0) for name in [*first, *(n for n in second if n not in first)]
    }
