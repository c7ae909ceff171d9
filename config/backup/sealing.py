"""The keys of an installation inside a backup: never in the clear, only under a passphrase."""

import base64
import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from config.backup.archive import BackupError
from kernel.embedded.paths import DataFolder
from kernel.embedded.secrets import load_secrets, write_secrets

KEYS = "keys.json"
SHORTEST_PASSPHRASE = 12
SALT_BYTES = 16
COST, BLOCK, LANES = 2**15, 8, 1
"""Of scrypt: 32 MB and about a tenth of a second for each guess."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the rows and the links of an installation need."""

    secret_key: str
    secret_key_fallbacks: list[str]
    encryption_keys: list[str]

    def as_env(self) -> str:
        """Return the keys as lines of an environment file."""
        lines = {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": ",".join(self.secret_key_fallbacks),
            "PATRON_ENCRYPTION_KEYS": ",".join(self.encryption_keys),
        }
        return "".join(f"{name}={value}\n" for name, value in lines.items() if value)


def own_keys() -> Keys:
    """Return the keys of this installation."""
    return Keys(
        secret_key=settings.SECRET_KEY,
        secret_key_fallbacks=list(settings.SECRET_KEY_FALLBACKS),
        encryption_keys=list(settings.ENCRYPTION_KEYS),
    )


def check_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that is guessed too easily.

    Raises:
        BackupError: it is shorter than 12 letters.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupError(
            f"the passphrase is too short: take {SHORTEST_PASSPHRASE} letters or more"
        )


def seal(keys: Keys, passphrase: str) -> str:
    """Return keys encrypted with a passphrase."""
    salt = os.urandom(SALT_BYTES)
    token = _cipher(passphrase, salt).encrypt(json.dumps(asdict(keys)).encode())
    return json.dumps(
        {"kdf": "scrypt", "salt": base64.b64encode(salt).decode(), "token": token.decode()}
    )


def unseal(text: str, passphrase: str) -> Keys:
    """Return the keys.

    Raises:
        BackupError: the passphrase is wrong.
    """
    sealed = json.loads(text)
    cipher = _cipher(passphrase, base64.b64decode(sealed["salt"]))
    try:
        return Keys(**json.loads(cipher.decrypt(sealed["token"])))
    except InvalidToken as exc:
        raise BackupError("the passphrase is wrong") from exc


def has_own_folder() -> bool:
    """Whether this installation takes its keys from its data folder, as `bin/up` has it."""
    path = DataFolder(Path(settings.DATA_DIR)).secrets
    if not path.exists():
        return False
    kept = load_secrets(path)
    return (kept.secret_key, kept.encryption_keys) == (
        settings.SECRET_KEY,
        ",".join(settings.ENCRYPTION_KEYS),
    )


def keep_in_folder(keys: Keys) -> None:
    """Make the keys those of the data folder; passwords of its servers stay as they are."""
    path = DataFolder(Path(settings.DATA_DIR)).secrets
    kept = load_secrets(path)
    write_secrets(
        path,
        replace(kept, secret_key=keys.secret_key, encryption_keys=",".join(keys.encryption_keys)),
    )


def keep_in_file(keys: Keys, path: Path) -> None:
    """Write the keys as an environment file for its user alone.

    Raises:
        BackupError: it is there already or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(keys.as_env())
    except OSError as exc:
        raise BackupError(f"{path} cannot be written: {exc.strerror}") from exc


def check_file(path: Path) -> None:
    """Find out before anything is changed whether `keep_in_file` will work.

    Raises:
        BackupError: it will not.
    """
    keep_in_file(Keys("", [], []), path)
    with contextlib.suppress(OSError):
        path.unlink()


def _cipher(passphrase: str, salt: bytes) -> Fernet:
    kdf = Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES)
    return Fernet(base64.urlsafe_b64encode(kdf.derive(passphrase.encode())))
