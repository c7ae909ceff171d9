"""A bad value stops the process with the name of the setting."""

import os
import re
import subprocess

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment
from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT

env = Environment()


@pytest.mark.parametrize("word", ["true", "ON", "1", "yes"])
def test_words_for_true_are_true(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("A_SWITCH", word)
    assert env.bool("A_SWITCH", default=False) is True


def test_a_word_that_is_neither_true_nor_false_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SWITCH", "maybe")
    with pytest.raises(ImproperlyConfigured, match=r"A_SWITCH is 'maybe': write true or false"):
        env.bool("A_SWITCH", default=False)


def test_a_variable_set_to_nothing_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A_SWITCH", "A_NUMBER", "A_LIST"):
        monkeypatch.setenv(name, "")
    assert env.bool("A_SWITCH", default=True) is True
    assert env.count("A_NUMBER", default=7) == 7
    assert env.list("A_LIST", default=["a"]) == ["a"]


@pytest.mark.parametrize("value", ["ten", "-1", "1.5"])
def test_a_count_is_a_whole_number_from_0(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("A_NUMBER", value)
    with pytest.raises(ImproperlyConfigured, match=f"A_NUMBER is '?{value}"):
        env.count("A_NUMBER", default=0)


def test_a_word_outside_the_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_WORD", "loud")
    with pytest.raises(ImproperlyConfigured, match=r"A_WORD is 'LOUD': write one of INFO, ERROR"):
        env.choice("A_WORD", "INFO", ("INFO", "ERROR"))


@pytest.mark.parametrize(
    "value", ["mysql://db:secret@host/x", "host:5432", "postgres://u:secret@host:x/d", "postgres:"]
)
def test_a_wrong_address_is_named_and_its_password_is_not(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AN_ADDRESS", value)
    with pytest.raises(ImproperlyConfigured, match="AN_ADDRESS") as caught:
        env.address("AN_ADDRESS", "", ("postgres", "postgresql"))
    assert "secret" not in str(caught.value)


@pytest.mark.covers("C6")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "sqlite:///patron.db"),
        ("REDIS_URL", "amqp://broker"),
        ("EMAIL_URL", "mail.example.com"),
        ("PATRON_PUBLIC_URL", "patron.example.com"),
        ("PATRON_BEHIND_PROXY", "perhaps"),
        ("LOG_LEVEL", "chatty"),
        ("SECURE_HSTS_SECONDS", "a year"),
    ],
)
def test_the_process_stops_and_names_the_setting(name: str, value: str) -> None:
    done = subprocess.run(
        python("-c", "import config.settings"),
        cwd=PROJECT,
        env={**os.environ, "PATRON_ENV_FILE": os.devnull, name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} is " in done.stderr


def test_every_setting_that_is_read_is_in_the_example() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    source = (PROJECT / "config" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source)) - {"PATRON_ENV_FILE"}
    assert len(read) > 20
    assert {name for name in read if f"#{name}=" not in example} == set()
