"""Making a backup while everything runs."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings

from config.backup.archive import SUFFIX, Writer, new_archive
from config.backup.database import dump, open_snapshot
from config.backup.manifest import KeyUse, Manifest, fingerprint, version
from config.backup.media import add_media
from config.backup.sealing import KEYS, check_passphrase, own_keys, seal
from kernel import clock
from kernel.embedded.console import Step
from kernel.embedded.paths import DataFolder
from kernel.rotation import count_secrets

DATABASE = "database.dump"
DEMO = "demo.json"
PATTERN = f"patron-*{SUFFIX}"


class Show(Protocol):
    """Shows that a piece of work goes on."""

    def __call__(self, title: str) -> AbstractContextManager[Step]: ...


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    file: Path
    bytes: int
    tables: int
    rows: int
    media_files: int
    has_keys: bool
    fingerprints: list[str]


def make_backup(target: Path, show: Show, *, passphrase: str = "") -> Made:
    """Write the database, the media folder and a manifest into one file.

    Args:
        target: the file, which must not be there yet.
        show: shows progress.
        passphrase: also put the keys in, under this; empty leaves them out.

    Raises:
        BackupError: it could not be made; no file is left behind.
    """
    if passphrase:
        check_passphrase(passphrase)
    now = clock.now()
    with new_archive(target) as writer:
        with show("Counting rows") as step, open_snapshot(step.advance) as snapshot:
            keys = _key_uses()
            with show("Reading the database") as reading, dump(snapshot, reading.advance) as source:
                writer.add(DATABASE, source)
        with show("Reading media"):
            files = add_media(Path(settings.MEDIA_ROOT), writer)
        _add_demo(writer)
        if passphrase:
            writer.add_text(KEYS, seal(own_keys(), passphrase))
        manifest = Manifest(
            version=version(),
            made_at=now.isoformat(),
            postgres=snapshot.postgres,
            migrations=snapshot.migrations,
            tables=snapshot.tables,
            keys=keys,
            signing_key=fingerprint(settings.SECRET_KEY),
            has_secrets=bool(passphrase),
            members=writer.members,
        )
        writer.finish(manifest)
    return Made(
        file=target,
        bytes=target.stat().st_size,
        tables=len(snapshot.tables),
        rows=sum(snapshot.tables.values()),
        media_files=files,
        has_keys=bool(passphrase),
        fingerprints=[use.fingerprint for use in keys],
    )


def default_name() -> str:
    """Return a name that sorts by time."""
    return f"patron-{clock.now():%Y%m%dT%H%M%SZ}{SUFFIX}"


def remove_older(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest backups that carry our names; returns those removed."""
    older = sorted(folder.glob(PATTERN))[:-keep] if keep else []
    for path in older:
        path.unlink()
    return older


def _key_uses() -> list[KeyUse]:
    counts = count_secrets() if settings.ENCRYPTION_KEYS else None
    return [
        KeyUse(fingerprint=fingerprint(key), secrets=counts.by_key[place] if counts else 0)
        for place, key in enumerate(settings.ENCRYPTION_KEYS)
    ]


def _add_demo(writer: Writer) -> None:
    """Keep the log-in of the demo shops, without which they would be made anew."""
    path = DataFolder(Path(settings.DATA_DIR)).demo
    if path.is_file():
        writer.add_text(DEMO, path.read_text(encoding="utf-8"))
