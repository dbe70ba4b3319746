from ._certificate import Certificate as Certificate
from ._check import check_universality as check_universality
from ._report import UniversalityReport as UniversalityReport
from ._spectrum import Spectrum as Spectrum
from ._stencil import Measured as Measured
from ._strength import Strength as Strength
from ._strength import coupling_spectrum as coupling_spectrum
