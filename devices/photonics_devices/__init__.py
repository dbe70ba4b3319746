"""The hardware catalogue: device models and their cards. Public names: `__init__.pyi`, imported when first used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
