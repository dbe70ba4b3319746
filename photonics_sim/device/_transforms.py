"""Which function transforms are at work around a pass."""

from __future__ import annotations

from torch.autograd import forward_ad


def forward_mode_active() -> bool:
    """Whether a forward-mode derivative (`torch.func.jvp`, `jacfwd`, a dual level) surrounds the call.

    A hand-written `autograd.Function` must then give way to plain torch operations: nested forward mode passes through
    its `jvp` rule without the outer tangent and returns wrong second derivatives in silence (x**3 gives 0 for 6 x, seen
    with torch 2.13).
    """
    # asking through a failing `make_dual` would cost a C++ exception per pass, as much as a small mesh takes
    return forward_ad._current_level >= 0
