"""Text as data: windows held against the text by hand, one character after another named, and little memory."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from photonics_sim import datasets
from photonics_sim.datasets import Pipeline, _dataset, _load, encode_text, fit_pipeline, load_text
from photonics_sim.datasets._registry import SourceFile, lookup
from photonics_sim.errors import PhotonicsError

LENGTH = 3001
BORDERS = (0, 2550, 2700, 3001)  # 85 and 90 % of the length, rounded down
TEXT = "".join(np.random.default_rng(0).choice(list("ab, \n\té"), LENGTH))


def saved(folder: Path, text: str = TEXT) -> Path:
    path = folder / "mine.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def text(tmp_path: Path) -> datasets.Dataset:
    return load_text(saved(tmp_path))


def test_every_window_and_its_successor_are_those_of_the_text(text: datasets.Dataset) -> None:
    characters = sorted(set(TEXT))
    assert (text.name, text.task, text.shape, text.outputs) == ("mine", "next-token", (64,), 7)
    for number, (part, step) in enumerate(zip(text.parts.values(), (1, 3, 3), strict=True)):
        own = TEXT[BORDERS[number] : BORDERS[number + 1]]
        starts = range(0, len(own) - 64, step)
        assert len(part) == len(part.targets) == len(starts)
        for window, target, start in zip(part.inputs, part.targets, starts, strict=True):
            assert "".join(characters[code] for code in window) == own[start : start + 64]
            assert characters[target] == own[start + 64]


def test_windows_share_the_memory_of_the_text(text: datasets.Dataset) -> None:
    assert text.train.inputs.dtype == torch.uint8
    assert text.train.inputs.untyped_storage().nbytes() == BORDERS[1]


def test_inputs_are_the_last_characters_in_their_order(text: datasets.Dataset) -> None:
    raw = text.test.inputs[:4]
    for length, features in ((16, None), (5, 35), (64, 448)):
        pipeline = fit_pipeline(text, features)
        assert pipeline.expands
        assert pipeline.features == length * 7
        prepared = pipeline.inputs(raw)
        assert prepared.dtype == torch.float32
        sequence = prepared.reshape(4, length, 7)
        assert torch.equal(sequence.argmax(dim=-1), raw[:, -length:].long())
        assert torch.equal(sequence.sum(dim=-1), torch.ones(4, length))
        assert Pipeline.from_dict(pipeline.to_dict()) == pipeline
    assert datasets.possible_widths(text) == [7 * length for length in range(64, 0, -1)]


def test_characters_have_names_that_can_be_seen(tmp_path: Path) -> None:
    named = load_text(saved(tmp_path, TEXT.replace("é", "\xa0")))
    assert named.classes == ("tab", "newline", "space", ",", "a", "b", "U+00A0")
    assert encode_text("\n b\xa0", named.classes).tolist() == [1, 2, 5, 6]
    assert "7 characters" in repr(named)


def test_a_text_can_be_numbered_like_another_one(tmp_path: Path, text: datasets.Dataset) -> None:
    fewer = saved(tmp_path, TEXT.replace("é", "a"))
    assert load_text(fewer).outputs == 6
    same = load_text(fewer, vocabulary=text.classes)
    assert same.classes == text.classes
    assert torch.equal(same.test.targets, torch.where(text.test.targets == 6, 4, text.test.targets))


def test_large_vocabularies_take_wider_numbers() -> None:
    alphabet = "".join(chr(point) for point in range(0x4E00, 0x4E00 + 300))
    assert encode_text(alphabet, alphabet).dtype == np.int32
    assert encode_text(alphabet[:3], alphabet[:256]).dtype == np.uint8
    assert encode_text(alphabet[::-1], alphabet).tolist() == list(range(299, -1, -1))


def test_a_character_that_is_not_known_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match=r"^text: line 2, position 3: 'z' \(U\+007A\) .* of 3 char.*remove it$"):
        encode_text("ab\nabz", "ab\n")
    with pytest.raises(PhotonicsError, match=r"line 1, position 1: '\\x07' \(U\+0007\)"):
        encode_text("\x07", "ab")
    late = TEXT[:2650] + "Q" + TEXT[2651:]
    line, start = late.count("\n", 0, 2650) + 1, late.rfind("\n", 0, 2650)
    path = saved(tmp_path, late)
    with pytest.raises(
        PhotonicsError, match=rf"line {line}, position {2650 - start}: 'Q'.*first 85 % of the text; rep"
    ):
        load_text(path)
    with pytest.raises(PhotonicsError, match=r"'Q'.*that of another text"):
        load_text(path, vocabulary=sorted(set(TEXT)))


@pytest.mark.parametrize("vocabulary", ["aba", "", ["a", "bc"]])
def test_a_vocabulary_lists_each_character_once(vocabulary: list[str]) -> None:
    with pytest.raises(PhotonicsError, match="lists each character once"):
        encode_text("a", vocabulary)


def test_texts_that_teach_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotonicsError, match="has 1359 characters, at least 1360 are needed"):
        load_text(saved(tmp_path, TEXT[:1359]))
    shortest = load_text(saved(tmp_path, TEXT[:1360]))
    assert len(shortest.validation) == 2
    with pytest.raises(PhotonicsError, match="no character but 'a' in the train part"):
        load_text(saved(tmp_path, "a" * LENGTH))
    (tmp_path / "latin.txt").write_bytes(TEXT.encode("latin-1"))
    with pytest.raises(PhotonicsError, match=r"not text in UTF-8 .*save it as UTF-8"):
        load_text(tmp_path / "latin.txt")
    with pytest.raises(PhotonicsError, match="no such file"):
        load_text(tmp_path / "absent.txt")


def test_a_byte_order_mark_and_line_ends_of_another_system_are_no_characters(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert load_text(path).digest == load_text(saved(tmp_path)).digest


def test_what_a_text_cannot_give_is_refused(text: datasets.Dataset) -> None:
    for features in (8, 7 * 65, 0):
        with pytest.raises(PhotonicsError, match=rf"cannot give {features} features.*7, 14, \.\.\. 448"):
            fit_pipeline(text, features)
    with pytest.raises(PhotonicsError, match="pca = 4, but mine is text"):
        fit_pipeline(text, pca=4)
    pipeline = fit_pipeline(text)
    with pytest.raises(PhotonicsError, match="character number 7 is beyond the vocabulary of 7"):
        pipeline.inputs(torch.full((1, 64), 7, dtype=torch.uint8))
    with pytest.raises(PhotonicsError, match=r"takes character numbers, not torch.float32"):
        pipeline.inputs(torch.zeros((1, 64)))
    for changes in ({"window": 65}, {"window": 0}, {"vocabulary": "ab"}):
        with pytest.raises(PhotonicsError, match="expected whole numbers above 0"):
            Pipeline.from_dict(pipeline.to_dict() | changes)
    with pytest.raises(PhotonicsError, match="unknown field 'pool'"):
        Pipeline.from_dict(pipeline.to_dict() | {"pool": 1})


def test_the_digest_is_of_the_windows_however_many_are_hashed_at_a_time(
    tmp_path: Path, text: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dataset, "CHUNK", 7)
    assert load_text(saved(tmp_path)).digest == text.digest
    changed = TEXT[:9] + ("a" if TEXT[9] != "a" else "b") + TEXT[10:]
    assert load_text(saved(tmp_path, changed)).digest != text.digest


@pytest.mark.parametrize("below", ["", "shakespeare", "tiny_shakespeare"])
def test_shakespeare_is_found_in_any_of_its_folders_and_verified(
    tmp_path: Path, below: str, text: datasets.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = TEXT.encode()
    file = SourceFile("input.txt", len(content), hashlib.sha256(content).hexdigest())
    entry = replace(lookup("shakespeare"), files={"text": file})
    monkeypatch.setattr(_load, "lookup", lambda name: entry)
    (tmp_path / below).mkdir(exist_ok=True)
    (tmp_path / below / "input.txt").write_bytes(content)
    found = datasets.load("shakespeare", tmp_path)
    assert (found.name, found.digest, found.classes) == ("shakespeare", text.digest, text.classes)
    assert found.licence == "public domain"
    (tmp_path / below / "input.txt").write_bytes(content[:-1] + b"!")
    with pytest.raises(PhotonicsError, match=rf"not the published file: sha256 \w+ \(expected {file.sha256}\)"):
        datasets.load("shakespeare", tmp_path)
    (tmp_path / below / "input.txt").write_bytes(content + b"!")
    with pytest.raises(PhotonicsError, match=rf"has {len(content) + 1} bytes, input.txt at most {len(content)}"):
        datasets.load("shakespeare", tmp_path)
