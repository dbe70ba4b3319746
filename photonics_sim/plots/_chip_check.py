"""What a drawing of a chip must be to become a picture."""

from __future__ import annotations

import numpy as np

from photonics_sim.device import ChipDrawing
from photonics_sim.errors import PhotonicsError


def check_drawing(drawing: ChipDrawing) -> None:
    """Refuse arrays that do not fit one another, numbers that are not finite, and places outside of the mesh.

    Raises:
        PhotonicsError: naming the drawing and the array.
    """
    cells, shifters, splitters = len(drawing.cells), len(drawing.phases), len(drawing.splitter_errors)
    expected = {
        "cells": (cells, 3),
        "shifters": (shifters, 3),
        "phases": (shifters,),
        "splitters": (splitters, 3),
        "splitter_errors": (splitters,),
        "power": (drawing.columns + 1, drawing.modes),
        "electrical_power_w": (shifters,),
    }
    for what, shape in expected.items():
        array = getattr(drawing, what)
        if array.shape != shape or 0 in (drawing.columns, drawing.modes):
            raise PhotonicsError(f"drawing {drawing.name!r}: {what} has shape {array.shape}; expected {shape}")
        if not np.isfinite(array).all():
            wrong = int((~np.isfinite(array)).sum())
            raise PhotonicsError(f"drawing {drawing.name!r}: {what} holds {wrong} values that are not finite")
    if (drawing.power < 0).any():
        raise PhotonicsError(f"drawing {drawing.name!r}: a power of {drawing.power.min():g} W; give |amplitude|^2")
    ranges = {
        "cells": (0, drawing.columns - 1),
        "shifters": (-1, drawing.columns),
        "splitters": (0, drawing.columns - 1),
    }
    for what, (first, last) in ranges.items():
        places = getattr(drawing, what)
        modes = places[:, 1:] if what == "cells" else places[:, 1]
        if _beyond(places[:, 0], first, last) or _beyond(modes, 0, drawing.modes - 1):
            raise PhotonicsError(
                f"drawing {drawing.name!r}: {what} outside of its {drawing.columns} columns and {drawing.modes} modes; "
                "each starts with (column, mode)"
            )


def _beyond(values: np.ndarray, first: int, last: int) -> bool:
    return bool(((values < first) | (values > last)).any())
