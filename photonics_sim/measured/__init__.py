"""What a laboratory or a solver measured, reduced to the numbers of a card. Public names: `__init__.pyi`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
