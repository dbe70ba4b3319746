"""Figures that can go into a paper as they are, and the report of a run as one HTML page.

Its public names are listed in `__init__.pyi` and imported when first used; nothing imports pyplot or torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
