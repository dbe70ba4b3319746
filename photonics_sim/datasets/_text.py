"""Text, to learn from each window of characters which one follows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from photonics_sim.datasets._dataset import Dataset, Part
from photonics_sim.errors import PhotonicsError
from photonics_sim.files import require_file

LONGEST_WINDOW = 64
MAX_BYTES = 256 * 2**20
VALIDATION_FROM, TEST_FROM = 85, 90  # per cent of the text
JUDGED_EVERY = 3  # neighbours are much alike: validation and test take every third position
SHORTEST = 20 * (LONGEST_WINDOW + 1 + JUDGED_EVERY)  # the validation part has two windows then
TRAIN_SHARE = f"the train part, the first {VALIDATION_FROM} % of the text"

_NAMES = {" ": "space", "\n": "newline", "\t": "tab"}
_CHARACTERS = {name: character for character, name in _NAMES.items()}


def load_text(path: str | os.PathLike[str], *, vocabulary: Sequence[str] | None = None) -> Dataset:
    """Load a text of your own from a `.txt` file, to predict the next character from those before it.

    The first 85 % of the text are the train part, the next 5 % the validation part, the last 10 % the test part; of
    the last two every third position is judged. A sample is a window of 64 character numbers, of which a `Pipeline`
    takes the last few; its target is the character that follows. No window reaches into another part.

    Args:
        path: the file, in UTF-8; its stem becomes the name of the data set.
        vocabulary: the characters, or their names as in `Dataset.classes`, in the order of their numbers. None takes
            those of the train part, in the order of their code points.

    Raises:
        PhotonicsError: where the file is missing, no text, too short, larger than 256 MiB, has one character alone, or
            one that is not in the vocabulary.
    """
    path = Path(path).expanduser()
    require_file(path, "a text", MAX_BYTES)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PhotonicsError(f"{path} is not text in UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error
    return text_dataset(text, name=path.stem, where=str(path), vocabulary=vocabulary)


def text_dataset(
    text: str,
    *,
    name: str,
    where: str,
    vocabulary: Sequence[str] | None = None,
    licence: str = "",
    citation: str = "",
) -> Dataset:
    """Make a data set of a text; `load_text` says how.

    Args:
        text: the whole text.
        name: how the data set is to be called.
        where: how messages call the source.
        vocabulary: as for `load_text`.
        licence: terms of use.
        citation: what to cite.
    """
    n = len(text)
    if n < SHORTEST:
        raise PhotonicsError(f"{where} has {n} characters, at least {SHORTEST} are needed; give a longer text")
    borders = (0, n * VALIDATION_FROM // 100, n * TEST_FROM // 100, n)
    remedy = f", which is that of another text; use characters of that one alone, or train on {where}"
    if vocabulary is None:
        vocabulary = sorted(set(text[: borders[1]]))
        remedy = f", which is that of {TRAIN_SHARE}; replace the character, or use it there too"
    characters = _characters(vocabulary)
    if len(characters) < 2:
        raise PhotonicsError(f"{where}: there is no character but {characters!r} in {TRAIN_SHARE}; give another text")
    codes = _encode(text, characters, where, remedy)
    steps = (1, JUDGED_EVERY, JUDGED_EVERY)
    train, validation, test = (_part(codes[borders[i] : borders[i + 1]], step) for i, step in enumerate(steps))
    return Dataset(name, "next-token", train, validation, test, tuple(map(_name, characters)), licence, citation)


def encode_text(text: str, vocabulary: Sequence[str]) -> NDArray[Any]:
    """Number the characters of a text.

    Args:
        text: any text.
        vocabulary: the characters, or their names as in `Dataset.classes`, in the order of their numbers.

    Returns:
        Shape (len(text),), uint8, or int32 where the vocabulary has more than 256 characters.

    Raises:
        PhotonicsError: where a character is not in the vocabulary; the first one is named with its place.
    """
    return _encode(text, _characters(vocabulary), "text", "; replace or remove it")


def _part(codes: NDArray[Any], step: int) -> Part:
    """Every `step`-th window of a part, as a view of its characters, and the characters that follow."""
    numbers = torch.from_numpy(codes)
    targets = numbers[LONGEST_WINDOW::step].long()
    return Part(numbers[:-1].unfold(0, LONGEST_WINDOW, step), targets)


def _encode(text: str, characters: str, where: str, remedy: str) -> NDArray[Any]:
    known = _code_points(characters)
    order = np.argsort(known)
    points = _code_points(text)
    numbers: NDArray[np.int64] = order[np.searchsorted(known[order], points).clip(max=len(known) - 1)]
    strange = np.flatnonzero(known[numbers] != points)
    if len(strange):
        place = int(strange[0])
        line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
        raise PhotonicsError(
            f"{where}: line {line}, position {column}: {text[place]!r} (U+{ord(text[place]):04X}) is not in the "
            f"vocabulary of {len(known)} characters{remedy}"
        )
    return numbers.astype(np.uint8 if len(known) <= 256 else np.int32)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _name(character: str) -> str:
    """How a character is called where it has to be seen."""
    return _NAMES.get(character) or (character if character.isprintable() else f"U+{ord(character):04X}")


def _characters(vocabulary: Sequence[str]) -> str:
    """The vocabulary as text, each character at its number."""
    characters = list(map(_character, vocabulary))
    if not characters or len(set(characters)) < len(characters) or any(len(one) != 1 for one in characters):
        raise PhotonicsError(
            "a vocabulary lists each character once, by itself or by its name in Dataset.classes; got "
            f"{', '.join(map(repr, vocabulary[:8]))} ({len(vocabulary)} in all)"
        )
    return "".join(characters)


def _character(name: str) -> str:
    """The character of a name; a character is its own, and so is what names none."""
    if len(name) > 1 and name.startswith("U+"):
        with suppress(ValueError, OverflowError):
            return chr(int(name[2:], 16))
    return _CHARACTERS.get(name, name)
