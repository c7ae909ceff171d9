from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from kernel.embedded.secrets import load_secrets


def test_secrets_are_made_once_and_readable_by_their_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first = load_secrets(path)

    assert load_secrets(path) == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_instances_have_nothing_in_common(tmp_path: Path) -> None:
    one, two = load_secrets(tmp_path / "one.json"), load_secrets(tmp_path / "two.json")

    assert set(vars(one).values()).isdisjoint(vars(two).values())


def test_the_encryption_key_is_one_that_fernet_takes(tmp_path: Path) -> None:
    key = Fernet(load_secrets(tmp_path / "secrets.json").encryption_keys)

    assert key.decrypt(key.encrypt(b"token")) == b"token"


def test_a_broken_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"secret_key": "only this"}')

    with pytest.raises(ValueError, match="does not hold the secrets"):
        load_secrets(path)

    assert path.read_text() == '{"secret_key": "only this"}'
