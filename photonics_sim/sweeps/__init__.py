"""Sweeps of device parameters: plans, execution, a store that survives kills, answers. Public names: `__init__.pyi`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
