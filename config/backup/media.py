"""The media folder of a backup: plain files, put back beside the old ones and then swapped."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from config.backup.archive import BackupError, Reader, Writer

PREFIX = "media/"
FRESH, OLD = ".restoring", ".replaced"


def add_media(folder: Path, writer: Writer) -> int:
    """Add every file; one that vanishes meanwhile is no longer needed. Returns how many.

    The database was read before, so a file that its rows name is there unless it was deleted.
    """
    count = 0
    for path in list(_files(folder)):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            writer.add(PREFIX + path.relative_to(folder).as_posix(), file)
            count += 1
    return count


def has_files(folder: Path) -> bool:
    """Whether there is anything in the folder."""
    return next(_files(folder), None) is not None


def unpack(reader: Reader, folder: Path) -> Callable[[], None]:
    """Write the files of a backup beside those that are there.

    Returns:
        What puts them in the place of the old ones; until it is called nothing has changed.

    Raises:
        BackupError: the folder cannot be written, or a name leads out of it.
    """
    fresh = folder / FRESH
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name in reader.names(PREFIX):
            target = fresh / _safe(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                for chunk in reader.chunks(name):
                    file.write(chunk)
    except BaseException as exc:
        shutil.rmtree(fresh, ignore_errors=True)
        if isinstance(exc, OSError):
            raise BackupError(f"{folder} cannot be written: {exc.strerror or exc}") from exc
        raise
    return lambda: _swap(folder)


def discard(folder: Path) -> None:
    """Forget what `unpack` wrote."""
    shutil.rmtree(folder / FRESH, ignore_errors=True)


def _swap(folder: Path) -> None:
    """Renames inside the folder alone, because a volume of a container is a file system."""
    old, fresh = folder / OLD, folder / FRESH
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    for path in [path for path in folder.iterdir() if path not in (old, fresh)]:
        path.rename(old / path.name)
    for path in list(fresh.iterdir()):
        path.rename(folder / path.name)
    fresh.rmdir()
    shutil.rmtree(old)


def _files(folder: Path) -> Iterator[Path]:
    """Yield plain files, links not followed, without what an interrupted restore left."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        is_ours = path.relative_to(folder).parts[0] in (FRESH, OLD)
        if path.is_file() and not path.is_symlink() and not is_ours:
            yield path


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name.removeprefix(PREFIX))
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BackupError(f"{name!r} in the backup leads out of the media folder")
    return path
