"""Simulate, train and judge physical neural networks made of light.

The public names are listed in `__init__.pyi` and imported when first used, so that the command line's help and
completion never wait for torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
