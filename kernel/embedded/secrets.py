"""The secrets of one instance: made once, kept in its data folder, readable by its user alone."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

FERNET_KEY_BYTES = 32


@dataclass(frozen=True)
class Secrets:
    """What an instance needs to keep to itself.

    ``encryption_keys`` is a comma list of Fernet keys, newest first.
    """

    secret_key: str
    encryption_keys: str
    superuser_password: str
    owner_password: str
    redis_password: str


def load_secrets(path: Path) -> Secrets:
    """Return the secrets kept at ``path``; the first call makes them.

    Raises:
        ValueError: the file is there and cannot be read as secrets; it is left as it is,
            because new keys would make everything encrypted with the old ones unreadable.
    """
    if not path.exists():
        write_secrets(path, new_secrets())
    try:
        return Secrets(**json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as exc:
        raise ValueError(f"{path} does not hold the secrets of an instance") from exc


def new_secrets() -> Secrets:
    """Return secrets that nothing else has."""
    return Secrets(
        secret_key=secrets.token_urlsafe(48),
        encryption_keys=base64.urlsafe_b64encode(os.urandom(FERNET_KEY_BYTES)).decode(),
        superuser_password=secrets.token_hex(24),
        owner_password=secrets.token_hex(24),
        redis_password=secrets.token_hex(24),
    )


def write_secrets(path: Path, values: Secrets) -> None:
    """Keep secrets: through a temporary name, so that a crash leaves no half file behind."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(values), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
