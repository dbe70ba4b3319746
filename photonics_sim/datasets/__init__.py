"""Data sets a device can be trained on, checked on the way in, and the steps that fit them to a device."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
