"""The file of a backup: a zip whose last member, the manifest, names and checks all others.

Members are streamed in and out, so that a large database needs no second copy on the disk.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from config.backup.manifest import MANIFEST, Manifest, Member

CHUNK_BYTES = 1024 * 1024
SUFFIX = ".zip"


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""


class Writer:
    """Writes members one after the other and remembers their checksums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, Member] = {}

    def add(self, name: str, source: IO[bytes]) -> int:
        """Copy a stream into a new member; returns its bytes."""
        digest, size = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as member:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                member.write(chunk)
        self.members[name] = Member(sha256=digest.hexdigest(), bytes=size)
        return size

    def add_text(self, name: str, text: str) -> None:
        """Write a short member."""
        data = text.encode()
        self._archive.writestr(name, data)
        self.members[name] = Member(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which ends the file."""
        self._archive.writestr(MANIFEST, manifest.to_json())


@contextmanager
def new_archive(target: Path) -> Iterator[Writer]:
    """Write a file that appears under its name only when it is complete and on the disk.

    Raises:
        BackupError: it is there already, or it cannot be written.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; name another file")
    fresh = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(fresh, "wb", opener=_private) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(target)
    except OSError as exc:
        raise BackupError(f"{target} cannot be written: {exc.strerror or exc}") from exc
    finally:
        fresh.unlink(missing_ok=True)


class Reader:
    """Reads a backup whose manifest was understood."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def verify(self, advance: Callable[[int, int, str], None]) -> Self:
        """Read every member once and compare its checksum, before anything is changed.

        Raises:
            BackupError: a member is missing or damaged.
        """
        total = sum(member.bytes for member in self.manifest.members.values())
        done = 0
        for name, member in self.manifest.members.items():
            digest = hashlib.sha256()
            for chunk in self.chunks(name):
                digest.update(chunk)
                done += len(chunk)
                advance(done // CHUNK_BYTES, max(total // CHUNK_BYTES, 1), f"MB, {name}")
            if digest.hexdigest() != member.sha256:
                raise BackupError(f"{name} in the backup is damaged; use another backup")
        return self

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a member.

        Raises:
            BackupError: it is missing or damaged.
        """
        try:
            with self._archive.open(name) as member:
                while chunk := member.read(CHUNK_BYTES):
                    yield chunk
        except (KeyError, zipfile.BadZipFile, EOFError) as exc:
            raise BackupError(f"{name} in the backup is damaged; use another backup") from exc

    def text(self, name: str) -> str:
        """Return a short member."""
        return b"".join(self.chunks(name)).decode()

    def names(self, prefix: str) -> list[str]:
        """Return the members of a folder."""
        return [name for name in self.manifest.members if name.startswith(prefix)]


@contextmanager
def open_archive(path: Path) -> Iterator[Reader]:
    """Open a backup.

    Raises:
        BackupError: it is not there, cut off, or no backup of Patron.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as exc:
        raise BackupError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except zipfile.BadZipFile as exc:
        raise BackupError(f"{path} is cut off or no backup; use another one") from exc
    with archive:
        try:
            manifest = Manifest.from_json(archive.read(MANIFEST))
        except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as exc:
            raise BackupError(f"{path} is no backup of Patron") from exc
        yield Reader(archive, manifest)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
