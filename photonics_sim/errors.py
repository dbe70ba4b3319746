"""The one kind of error that a user can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PhotonicsError(ValueError):
    """A mistake in what was asked: one line that says what is wrong, where, and what to do.

    The command line prints it without a traceback and exits with 2. It is a ``ValueError``, so that code which
    knows nothing of this package still catches it.
    """


class WornOutError(PhotonicsError):
    """A slow weight has been written as often as it survives."""


class PhotonicsWarning(UserWarning):
    """Something that works as asked and will hardly be what was meant; the command line prints it as one line."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`"; did you mean a or b?"` for names near `name`, or an empty string where none is near."""
    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.55)
    return f"; did you mean {' or '.join(near)}?" if near else ""
