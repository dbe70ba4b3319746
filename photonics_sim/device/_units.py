"""The unit suffixes of cards, options and columns, and how a number is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit as a key suffix writes it: `symbol` for people, `scale` to SI, `quantity` to find its siblings."""

    symbol: str
    scale: float
    quantity: str


UNITS = {
    "pm": Unit("pm", 1e-12, "length"),
    "nm": Unit("nm", 1e-9, "length"),
    "um": Unit("um", 1e-6, "length"),
    "mm": Unit("mm", 1e-3, "length"),
    "m": Unit("m", 1.0, "length"),
    "ns": Unit("ns", 1e-9, "time"),
    "us": Unit("us", 1e-6, "time"),
    "ms": Unit("ms", 1e-3, "time"),
    "s": Unit("s", 1.0, "time"),
    "k": Unit("K", 1.0, "temperature"),
    "hz": Unit("Hz", 1.0, "frequency"),
    "mhz": Unit("MHz", 1e6, "frequency"),
    "ghz": Unit("GHz", 1e9, "frequency"),
    "nw": Unit("nW", 1e-9, "power"),
    "uw": Unit("uW", 1e-6, "power"),
    "mw": Unit("mW", 1e-3, "power"),
    "w": Unit("W", 1.0, "power"),
    "fj": Unit("fJ", 1e-15, "energy"),
    "pj": Unit("pJ", 1e-12, "energy"),
    "nj": Unit("nJ", 1e-9, "energy"),
    "j": Unit("J", 1.0, "energy"),
    "na": Unit("nA", 1e-9, "current"),
    "ua": Unit("uA", 1e-6, "current"),
    "ma": Unit("mA", 1e-3, "current"),
    "v": Unit("V", 1.0, "voltage"),
    "ohm": Unit("ohm", 1.0, "resistance"),
    "rad": Unit("rad", 1.0, "angle"),
    "mrad": Unit("mrad", 1e-3, "direction"),
    "db": Unit("dB", 1.0, "ratio"),
    "db_per_cm": Unit("dB/cm", 1e2, "attenuation"),
    "per_m": Unit("1/m", 1.0, "absorption"),
    "per_nm": Unit("1/nm", 1e9, "slope"),
    "nm_per_mw": Unit("nm/mW", 1e-6, "tuning"),
    "pm_per_k": Unit("pm/K", 1e-12, "thermal shift"),
    "a_per_w": Unit("A/W", 1.0, "responsivity"),
    "pa_per_rthz": Unit("pA/rtHz", 1e-12, "current noise"),
    "bits": Unit("bit", 1.0, "resolution"),
    "e": Unit("e", 1.0, "electrons"),
    "e_per_s": Unit("e/s", 1.0, "electrons per time"),
    "px": Unit("px", 1.0, "pixels"),
}

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def unit_of(key: str) -> Unit | None:
    """The unit that a key's suffix names (`wavelength_nm` -> nm), or None for a plain number."""
    words = key.split("_")
    for length in (3, 2, 1):
        unit = UNITS.get("_".join(words[-length:])) if len(words) > length else None
        if unit is not None:
            return unit
    return None


def suggest_unit(key: str, value: float, low: float, high: float) -> str:
    """`"; it looks like m. Did you mean 1550?"` where `value`, read in a sibling unit, falls into `low .. high`."""
    unit = unit_of(key)
    if unit is None or value <= 0:
        return ""
    siblings = [u for u in UNITS.values() if u.quantity == unit.quantity and u is not unit]
    for sibling in sorted(siblings, key=lambda u: -u.scale):
        meant = value * sibling.scale / unit.scale
        if low <= meant <= high:
            return f"; it looks like {sibling.symbol}. Did you mean {meant:.6g}?"
    return ""


def format_si(value: float, symbol: str) -> str:
    """A number with an engineering prefix: `format_si(1.55e-6, "m")` is `1.55 um`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {symbol}"
    power = min(max(3 * math.floor(math.log10(abs(value)) / 3), -15), 12)
    digits = value / 10.0**power
    if float(f"{abs(digits):.4g}") >= 1000 and power < 12:  # 999.99 is 1 of the next prefix
        power, digits = power + 3, digits / 1000
    return f"{digits:.4g} {_PREFIXES[power]}{symbol}"


def to_si(key: str, value: float) -> float:
    """The value of a suffixed key in SI units: `to_si("wavelength_nm", 1550)` is 1.55e-6."""
    unit = unit_of(key)
    return value if unit is None else value * unit.scale
