"""Constants of nature, exact in the SI since 2019."""

from __future__ import annotations

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0
ELEMENTARY_CHARGE_C = 1.602176634e-19
PLANCK_CONSTANT_J_S = 6.62607015e-34
