"""What a backup says of itself: where it comes from, what is in it, and which keys it needs."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

MANIFEST = "manifest.json"
FORMAT = 1
FINGERPRINT_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the archive."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class KeyUse:
    """An encryption key, told by its fingerprint, and how many stored secrets it opens."""

    fingerprint: str
    secrets: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The last member of a backup.

    Attributes:
        version: of Patron that made it.
        made_at: ISO 8601, UTC.
        postgres: major version of the server.
        migrations: applied ones, as ``app.name``.
        tables: rows by table, in the snapshot that was dumped.
        keys: encryption keys, newest first.
        signing_key: fingerprint of ``SECRET_KEY``.
        has_secrets: the keys themselves are inside, under a passphrase.
        members: all other members of the archive.
    """

    version: str
    made_at: str
    postgres: int
    migrations: list[str]
    tables: dict[str, int]
    keys: list[KeyUse]
    signing_key: str
    has_secrets: bool
    members: dict[str, Member]
    format: int = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return a manifest.

        Raises:
            ValueError: it is no JSON.
            TypeError: it is of another shape.
            KeyError: likewise.
        """
        values = json.loads(data)
        values["members"] = {name: Member(**item) for name, item in values["members"].items()}
        values["keys"] = [KeyUse(**item) for item in values["keys"]]
        return cls(**values)

    def find_obstacle(self, postgres: int) -> str:
        """Return why this installation cannot take the backup; empty when it can.

        Args:
            postgres: major version of the server that would take it.
        """
        unknown = sorted(set(self.migrations) - known_migrations())
        if self.format > FORMAT or unknown or _number(self.version) > _number(version()):
            return (
                f"the backup was made by Patron {self.version}, which is newer than this "
                f"({version()}): update Patron first"
            )
        if self.postgres > postgres:
            return (
                f"the backup comes from PostgreSQL {self.postgres}, this server is {postgres}: "
                "restore into the same version or a newer one"
            )
        return ""

    def missing_keys(self, keys: Sequence[str]) -> list[KeyUse]:
        """Return the keys that open secrets of the backup and are not among those given."""
        known = {fingerprint(key) for key in keys}
        return [use for use in self.keys if use.secrets and use.fingerprint not in known]


def fingerprint(key: str) -> str:
    """Return what tells one key from another and gives nothing of it away."""
    return hashlib.sha256(key.encode()).hexdigest()[:FINGERPRINT_LETTERS]


def version() -> str:
    """Return the version of this Patron."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def known_migrations() -> set[str]:
    """Return every migration that this installation brings, as ``app.name``."""
    loader = MigrationLoader(None)
    return {f"{app}.{name}" for app, name in loader.disk_migrations or {}}


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
