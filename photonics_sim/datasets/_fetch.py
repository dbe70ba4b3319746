"""Published files, from a folder of the user's or from the web, never used unless a hash of them fits."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from pathlib import Path

from photonics_sim.datasets._registry import Entry, SourceFile
from photonics_sim.errors import PhotonicsError

ENVIRONMENT = "PHOTONICS_SIM_DATA"
TIMEOUT_S = 30


def read_files(entry: Entry, root: str | os.PathLike[str] | None) -> dict[str, bytes]:
    """The verified content of each file of a data set, by its role; of a gzip file what is in it.

    Args:
        entry: the data set.
        root: folder that holds the files; None looks at the environment, then at the web and its cache.

    Raises:
        PhotonicsError: where a file is missing, fails its checksum, or no mirror answers.
    """
    chosen = os.fspath(root) if root is not None else os.environ.get(ENVIRONMENT) or None
    if chosen is None:
        paths = {role: _download(entry, file) for role, file in entry.files.items()}
    else:
        paths = _find(entry, Path(chosen).expanduser())
    return {role: read_verified(paths[role], file) for role, file in entry.files.items()}


def _find(entry: Entry, root: Path) -> dict[str, Path]:
    variants = (entry.name, entry.name.replace("-", "_"), entry.name.replace("_", "-"), *entry.folders)
    # The folder of the name goes first: data sets share their file names.
    folders = [*(root / variant for variant in dict.fromkeys(variants)), root]
    found: dict[str, Path] = {}
    missing: list[str] = []
    for role, file in entry.files.items():
        candidates = (folder / name for folder in folders for name in dict.fromkeys((file.name, file.raw_name)))
        path = next((path for path in candidates if os.path.isfile(path)), None)
        if path is None:
            missing.append(file.name)
        else:
            found[role] = path
    if missing:
        raise PhotonicsError(
            f"{entry.name}: {', '.join(missing)} not found (packed or unpacked) in "
            f"{', '.join(str(folder) for folder in folders)}; put the files there, name another folder with "
            f"--data-dir or {ENVIRONMENT}, or leave both out to download"
        )
    return found


def _download(entry: Entry, file: SourceFile) -> Path:
    import pooch

    folder = Path(pooch.os_cache("photonics_sim")) / entry.name
    failures: list[str] = []
    for mirror in entry.mirrors:
        address = mirror + file.name
        try:
            path = pooch.retrieve(
                address,
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=TIMEOUT_S),
            )
        except (OSError, ValueError) as error:
            failures.append(f"{address} ({_brief(error)})")
        else:
            return Path(path)
    raise PhotonicsError(
        f"{entry.name}: no mirror gave {file.name}; tried {', '.join(failures)}; check the network, or fetch "
        f"the files yourself and name their folder with --data-dir or {ENVIRONMENT}"
    )


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else f"{text[:117]}..."


def read_verified(path: Path, file: SourceFile) -> bytes:
    """The content of `path`, unpacked where that is what counts, if a published hash fits it.

    A file that counts as it is needs the published SHA-256; of others, packed SHA-256 or unpacked MD5 will do.

    Raises:
        PhotonicsError: where it is truncated, larger than published, or no hash fits; the file stays.
    """
    packed = file.gzipped and path.name.endswith(".gz")
    stored = _read(path, file, packed)
    sha256 = hashlib.sha256(stored).hexdigest()
    if not file.gzipped:
        if sha256 != file.sha256:
            raise PhotonicsError(
                f"{path} is not the published file: sha256 {sha256} (expected {file.sha256}); replace the file"
            )
        return stored
    content = _unpack(stored, path, file, sha256) if packed else stored
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != file.md5 and not (packed and sha256 == file.sha256):
        packed_hash = f"sha256 {sha256} (expected {file.sha256}) and " if packed else ""
        raise PhotonicsError(
            f"{path} is not the published file: {packed_hash}md5 of the unpacked content {md5} "
            f"(expected {file.md5}); replace the file"
        )
    return content


def _read(path: Path, file: SourceFile, packed: bool) -> bytes:
    largest = file.raw_bytes + file.raw_bytes // 100 + 1024 if packed else file.raw_bytes or file.bytes
    try:
        size = path.stat().st_size
        if size > largest:
            raise PhotonicsError(f"{path} has {size} bytes, {file.name} at most {largest}; replace the file")
        return path.read_bytes()
    except OSError as error:
        raise PhotonicsError(f"cannot read {path}: {error.strerror or error}") from error


def _unpack(stored: bytes, path: Path, file: SourceFile, sha256: str) -> bytes:
    hashes = f"sha256 {sha256} (expected {file.sha256})"
    try:
        # One byte more than allowed shows a file that expands too far without unpacking all of it.
        with gzip.GzipFile(fileobj=io.BytesIO(stored)) as unpacked:
            content = unpacked.read(file.raw_bytes + 1)
    except EOFError as error:
        raise PhotonicsError(f"{path} is truncated: {hashes}; replace the file") from error
    except (OSError, zlib.error) as error:
        raise PhotonicsError(f"{path} is damaged or no gzip file: {hashes}; replace the file") from error
    if len(content) > file.raw_bytes:
        raise PhotonicsError(f"{path} expands beyond {file.raw_bytes} bytes: {hashes}; replace the file")
    return content
