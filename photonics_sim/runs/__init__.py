"""What lasts of a training: its folder, its files, its state. Public names: `__init__.pyi`; free of torch."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
