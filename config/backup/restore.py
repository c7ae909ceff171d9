"""Putting a backup back: everything is looked at first, and changed all or nothing."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from config.backup.archive import BackupError, Reader, open_archive
from config.backup.database import Advance, count_others, count_rows, has_people, load
from config.backup.make import DATABASE, DEMO, Show
from config.backup.manifest import fingerprint
from config.backup.media import PREFIX, discard, has_files, unpack
from config.backup.sealing import (
    KEYS,
    Keys,
    check_file,
    has_own_folder,
    keep_in_file,
    keep_in_folder,
    unseal,
)
from config.backup.tools import connect, server_version
from kernel.embedded.paths import DataFolder


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person who restores wants.

    Attributes:
        passphrase: of the keys in the backup; empty leaves them where they are.
        keys_to: file that gets the keys; None means the data folder of `bin/up`.
        replace: put the backup in the place of what is there.
        without_keys: restore although secrets of stores can then not be read.
    """

    passphrase: str = ""
    keys_to: Path | None = None
    replace: bool = False
    without_keys: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was put back."""

    made_at: str
    tables: int
    rows: int
    media_files: int
    keys: str
    """Where the keys went; empty when they stayed out."""
    has_same_signing_key: bool


def restore_backup(path: Path, show: Show, wishes: Wishes) -> Restored:
    """Put database, media and, where wished, keys of a backup in their places.

    Args:
        path: the backup.
        show: shows progress.
        wishes: what may be replaced, and the passphrase.

    Raises:
        BackupError: it cannot be restored. Until the database has taken the whole of it,
            nothing is changed.
    """
    connections.close_all()
    with open_archive(path) as reader:
        _check_fit(reader, replace=wishes.replace)
        keys = _find_keys(reader, wishes)
        with show("Checking the backup") as step:
            reader.verify(step.advance)
        media = Path(settings.MEDIA_ROOT)
        put_in_place = unpack(reader, media)
        try:
            with show("Filling the database") as step:
                size = reader.manifest.members[DATABASE].bytes
                load(lambda: reader.chunks(DATABASE), size, step.advance)
        except BaseException:  # the database rolled back
            discard(media)
            raise
        put_in_place()
        place = _keep_keys(keys, wishes)
        _put_demo(reader)
        with show("Counting rows") as step:
            _compare_counts(reader, step.advance)
        with show("Bringing the database up to date"):
            _bring_up_to_date()
        return Restored(
            made_at=reader.manifest.made_at,
            tables=len(reader.manifest.tables),
            rows=sum(reader.manifest.tables.values()),
            media_files=len(reader.names(PREFIX)),
            keys=place,
            has_same_signing_key=bool(place)
            or reader.manifest.signing_key == fingerprint(settings.SECRET_KEY),
        )


def _check_fit(reader: Reader, *, replace: bool) -> None:
    try:
        with connect() as connection:
            obstacle = reader.manifest.find_obstacle(server_version(connection))
            others = count_others(connection)
            is_used = has_people(connection)
    except psycopg.Error as exc:
        raise BackupError(f"the database cannot be reached: {exc}") from exc
    if obstacle:
        raise BackupError(obstacle)
    if is_used and not replace:
        raise BackupError("the database is not empty; --force puts the backup in its place")
    if has_files(Path(settings.MEDIA_ROOT)) and not replace:
        raise BackupError(
            f"{settings.MEDIA_ROOT} is not empty; --force puts the backup in its place"
        )
    if others:
        raise BackupError(
            f"{others} other connections use the database: stop web, workers and scheduler first"
        )


def _find_keys(reader: Reader, wishes: Wishes) -> Keys | None:
    """Return the keys to put in place; None when those of this installation stay.

    Raises:
        BackupError: secrets of the backup could not be read afterwards, the passphrase is
            wrong, or there is no place for the keys.
    """
    manifest = reader.manifest
    if manifest.has_secrets and wishes.passphrase:
        keys = unseal(reader.text(KEYS), wishes.passphrase)
        if wishes.keys_to:
            check_file(wishes.keys_to)
        elif not has_own_folder() or keys.secret_key_fallbacks:
            raise BackupError(
                "keys of this backup belong in the environment: name a file for them with "
                "--keys-to, and put its lines into the environment file"
            )
        return keys
    missing = manifest.missing_keys(settings.ENCRYPTION_KEYS)
    if missing and not wishes.without_keys:
        count = sum(use.secrets for use in missing)
        names = ", ".join(use.fingerprint for use in missing)
        inside = "give its passphrase" if manifest.has_secrets else "they are not in this backup"
        raise BackupError(
            f"{count} stored secrets need keys that PATRON_ENCRYPTION_KEYS lacks "
            f"(fingerprints {names}): add them ({inside}), or restore with --without-keys "
            "and give every store its secret anew"
        )
    return None


def _compare_counts(reader: Reader, advance: Advance) -> None:
    """Count what the database has now: the last proof that all of it arrived."""
    with connect() as connection:
        found = count_rows(connection, advance)
    wrong = sorted(name for name, rows in reader.manifest.tables.items() if found.get(name) != rows)
    if wrong:
        raise BackupError(f"the database differs from the backup in {', '.join(wrong)}")


def _keep_keys(keys: Keys | None, wishes: Wishes) -> str:
    if keys is None:
        return ""
    if wishes.keys_to:
        keep_in_file(keys, wishes.keys_to)
        return str(wishes.keys_to)
    keep_in_folder(keys)
    return str(DataFolder(Path(settings.DATA_DIR)).secrets)


def _put_demo(reader: Reader) -> None:
    if reader.names(DEMO):
        path = DataFolder(Path(settings.DATA_DIR)).demo
        path.write_text(reader.text(DEMO), encoding="utf-8")
        path.chmod(0o600)


def _bring_up_to_date() -> None:
    """Apply newer migrations, renew keys, and let the planner know the new rows."""
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    connections.close_all()
