"""A figure that is the same bytes whenever it is saved, and shows itself in a notebook."""

from __future__ import annotations

import hashlib
import io
import re
from collections import Counter
from pathlib import Path

import matplotlib
import matplotlib.figure

from photonics_sim.errors import PhotonicsError, did_you_mean
from photonics_sim.files import write_atomically
from photonics_sim.plots._style import style

# What each format would otherwise write about the day and the machine.
_METADATA: dict[str, dict[str, None]] = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "png": {"Software": None},
}
_DEFAULT_STYLE = re.compile(r"<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>")
_OUTLINE = re.compile(r' d="([^"]+)"')
_AROUND, _COMMAND = re.compile(r"\s*([A-Za-z])\s*"), r"\1"
_DECIMALS = re.compile(r"-?\d+\.\d+")
_ID = re.compile(r'( id="|url\(#|href="#)([^")]+)')


class Figure(matplotlib.figure.Figure):
    """A matplotlib figure made without pyplot: no window, no global state, deterministic files.

    Panels are laid out when it is first shown or saved, and stay where they are from then on.

    `matplotlib.pyplot.subplots(FigureClass=Figure)` makes one for people who work with pyplot.
    """

    def _repr_svg_(self) -> str:
        return self.svg()

    def svg(self) -> str:
        """The figure as an `<svg>` element that can stand in an HTML page next to others.

        Text stays text. Every id begins with a digest of the picture, so that two pictures never share one.
        """
        text = self._render("svg").decode()
        body = _DEFAULT_STYLE.sub("", text[text.index("<svg ") :], count=1)
        body = _OUTLINE.sub(_shorten, body)
        body = _rename(body, prefix=f"f{hashlib.sha256(body.encode()).hexdigest()[:8]}-")
        # matplotlib's style sheet would reach the whole page; as attributes it reaches this picture.
        inherited = '<svg stroke-linejoin="round" stroke-linecap="butt" '
        return body.replace("<svg ", inherited, 1).rstrip()

    def write(self, path: Path | str, format: str | None = None) -> None:
        """Save as SVG, PDF or PNG: whole or not at all, and the same bytes every time.

        Args:
            path: Where to.
            format: "svg", "pdf" or "png"; None takes the suffix of `path`.

        Raises:
            PhotonicsError: for another format, or a folder that cannot be written.
        """
        path = Path(path)
        kind = (format if format is not None else path.suffix.removeprefix(".")).lower()
        if kind not in _METADATA:
            raise PhotonicsError(
                f"{path}: no format {kind!r}{did_you_mean(kind, _METADATA)}; name it .svg, .pdf or .png"
            )
        write_atomically(path, self.svg() + "\n" if kind == "svg" else self._render(kind))

    def _render(self, kind: str) -> bytes:
        buffer = io.BytesIO()
        with style():
            if self.get_layout_engine() is not None:
                self.draw_without_rendering()
                self.set_layout_engine("none")  # a second run would start from the first and move by a hair
            self.savefig(buffer, format=kind, metadata=_METADATA[kind])
        return buffer.getvalue()


def _shorten(match: re.Match[str]) -> str:
    """An outline to a hundredth of a point: a mesh of thousands of strokes is half as long."""
    rounded = _DECIMALS.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), match[1])
    return f' d="{_AROUND.sub(_COMMAND, rounded).strip()}"'


def _rename(svg: str, prefix: str) -> str:
    """Every id with a prefix; pictures in it that are alike share an id, so the second gets a number."""
    seen: Counter[str] = Counter()

    def renamed(match: re.Match[str]) -> str:
        where, name = match.groups()
        if where == ' id="':
            seen[name] += 1
            if seen[name] > 1:
                return f"{where}{prefix}{name}-{seen[name]}"
        return f"{where}{prefix}{name}"

    return _ID.sub(renamed, svg)
