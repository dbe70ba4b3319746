"""Neural tangent kernels: closed forms, those of networks and devices as they are, and regression with them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
