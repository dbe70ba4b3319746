"""Which frequencies a kernel learns first: its Mercer spectrum on the sphere, learning speeds, spanned monomials."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
