"""The core: devices and their capabilities, cards and where they are found, units, keyed randomness, costs.

Its public names are listed in `__init__.pyi` and imported when first used: cards and catalogues need no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
