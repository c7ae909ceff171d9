"""Each setting that can be wrong is told by its check, and right settings by none."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from pytest_django import Settings

from config.checks import server_checks
from config.checks.report import SETTINGS, refuse_wrong_settings
from kernel.embedded.paths import PROJECT
from kernel.secrets import encrypt
from stores.models import Connection
from tenants.models import Tenant
from tests.factories.crm import make_store

KEY = Fernet.generate_key().decode()
LONG = "a-long-random-string-of-letters-0123456789-abcdefgh-ABCDEFGH"
pytestmark = pytest.mark.covers("C6")


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a well kept server."""
    settings.DEBUG = False
    settings.EMBEDDED = False
    settings.SECRET_KEY = LONG
    settings.SECRET_KEY_FALLBACKS = []
    settings.PUBLIC_URL = "https://patron.example.com"
    settings.IS_HTTPS = True
    settings.BEHIND_PROXY = True
    settings.ALLOWED_HOSTS = ["patron.example.com"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://patron.example.com"]
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.ENCRYPTION_KEYS = [KEY]
    settings.EMAIL_URL = "smtp+tls://user:password@mail.example.com:587"
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = True, False
    settings.DEFAULT_FROM_EMAIL = "Patron <no-reply@example.com>"
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings


def found(**kwargs: Any) -> list[str]:
    return sorted(str(message.id) for message in checks.run_checks(**kwargs))


def test_a_well_kept_server_is_told_nothing(server: Settings) -> None:
    assert found(tags=[SETTINGS]) == []


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("patron.E001", {"SECRET_KEY": "short"}),
        ("patron.E001", {"SECRET_KEY": "a" * 60}),
        ("patron.E001", {"SECRET_KEY_FALLBACKS": ["short"]}),
        ("patron.E003", {"ALLOWED_HOSTS": ["*"]}),
        ("patron.E004", {"ALLOWED_HOSTS": ["example.org"]}),
        ("patron.E005", {"CSRF_TRUSTED_ORIGINS": ["patron.example.com"]}),
        ("patron.E006", {"BEHIND_PROXY": False}),
        ("patron.E007", {"ENCRYPTION_KEYS": []}),
        ("patron.E008", {"ENCRYPTION_KEYS": [KEY, "not a key"]}),
        ("patron.E009", {"ENCRYPTION_KEYS": [KEY, KEY]}),
        ("patron.E010", {"DEBUG": True}),
        ("patron.W011", {"EMBEDDED": True}),
        ("patron.W013", {"EMAIL_USE_TLS": False}),
        ("patron.W014", {"DEFAULT_FROM_EMAIL": "Patron <no-reply@patron.localhost>"}),
        ("patron.E015", {"MEDIA_ROOT": Path(__file__) / "media"}),
        ("patron.E016", {"WHITENOISE_USE_FINDERS": False, "STATIC_ROOT": Path("/nowhere")}),
    ],
)
def test_a_wrong_setting_is_told_by_its_check(
    server: Settings, expected: str, changes: dict[str, Any]
) -> None:
    for name, value in changes.items():
        setattr(server, name, value)
    assert found(tags=[SETTINGS]) == [expected]


def test_plain_http_is_told_and_so_is_a_promise_of_https(server: Settings) -> None:
    server.PUBLIC_URL, server.IS_HTTPS = "http://patron.example.com", False
    assert found(tags=[SETTINGS]) == ["patron.E002", "patron.W012"]


def test_missing_time_zones_are_told(server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.checks.settings_checks.A_ZONE", "Nowhere/Atlantis")
    assert found(tags=[SETTINGS]) == ["patron.E017"]


def test_no_check_prints_a_secret(server: Settings) -> None:
    server.SECRET_KEY = "seekret"
    server.ENCRYPTION_KEYS = ["seekret-key"]
    text = "\n".join(str(message) for message in checks.run_checks(tags=[SETTINGS]))
    assert "seekret" not in text
    assert "patron.E001" in text
    assert "patron.E008" in text


def test_a_server_with_errors_is_refused_and_one_with_warnings_is_not(server: Settings) -> None:
    server.DEFAULT_FROM_EMAIL = "Patron <no-reply@patron.localhost>"
    refuse_wrong_settings()
    server.ALLOWED_HOSTS = ["*"]
    with pytest.raises(ImproperlyConfigured, match=r"patron\.E003"):
        refuse_wrong_settings()


class TestServers:
    """Checks that ask PostgreSQL and Redis."""

    pytestmark = [
        pytest.mark.django_db(databases=["default", "sys", "owner"], transaction=True),
        pytest.mark.unbound_sql,
    ]

    def test_right_servers_are_told_nothing(self, broker: object) -> None:
        assert found(tags=[checks.Tags.database], databases=["default"]) == []

    def test_without_a_database_named_nothing_is_asked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server_checks, "_ask_all", pytest.fail)
        assert found(tags=[checks.Tags.database]) == []

    @pytest.mark.parametrize(
        ("question", "answer", "expected"),
        [
            ("server_version_num", (14,), "patron.E102"),
            ("rolsuper", (True, True), "patron.E103"),
            ("relrowsecurity", ("crm_order",), "patron.E104"),
            ("proleakproof", (0,), "patron.W105"),
        ],
    )
    def test_a_wrong_database_is_told(
        self,
        monkeypatch: pytest.MonkeyPatch,
        broker: object,
        question: str,
        answer: tuple[Any, ...],
        expected: str,
    ) -> None:
        really = server_checks._ask_all

        def ask(alias: str, statement: str, params: Any = None) -> Any:
            return [answer] if question in statement else really(alias, statement, params)

        monkeypatch.setattr(server_checks, "_ask_all", ask)
        assert set(found(tags=[checks.Tags.database], databases=["default"])) == {expected}

    def test_a_table_without_its_policy_is_told(self, broker: object) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE crm_order DISABLE ROW LEVEL SECURITY")
        try:
            messages = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
        finally:
            with connections["owner"].cursor() as cursor:
                cursor.execute("ALTER TABLE crm_order ENABLE ROW LEVEL SECURITY")
        assert [message.id for message in messages] == ["patron.E104"]
        assert "crm_order" in messages[0].msg

    def test_clocks_that_differ_are_told(
        self, monkeypatch: pytest.MonkeyPatch, broker: object
    ) -> None:
        monkeypatch.setattr(server_checks, "SKEW_SECONDS", -1)
        assert found(tags=[checks.Tags.database], databases=["default"]) == ["patron.E106"]

    def test_a_secret_that_no_key_opens_is_told(
        self, keep_secret: Callable[[str], None], settings: Settings, broker: object
    ) -> None:
        keep_secret(Fernet(KEY).encrypt(b"lost").decode())
        assert found(tags=[checks.Tags.database], databases=["default"]) == ["patron.E107"]
        settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, KEY]
        assert found(tags=[checks.Tags.database], databases=["default"]) == []

    def test_an_old_key_that_opens_nothing_is_told(
        self, keep_secret: Callable[[str], None], settings: Settings, broker: object
    ) -> None:
        keep_secret(encrypt("kept"))
        settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, KEY]
        assert found(tags=[checks.Tags.database], databases=["default"]) == ["patron.W108"]

    def test_a_broker_that_is_silent_is_told(self, settings: Settings) -> None:
        settings.REDIS_URL = "redis://:hush@127.0.0.1:1/0"
        messages = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
        assert [message.id for message in messages] == ["patron.E109"]
        assert "hush" not in messages[0].msg

    def test_a_broker_that_drops_keys_is_told(
        self, monkeypatch: pytest.MonkeyPatch, broker: object
    ) -> None:
        answer = {"maxmemory_policy": "allkeys-lru"}  # the server itself is shared with other tests
        monkeypatch.setattr(redis.Redis, "info", lambda client, section: answer)
        assert found(tags=[checks.Tags.database], databases=["default"]) == ["patron.E110"]

    def test_a_silent_database_is_told(
        self, monkeypatch: pytest.MonkeyPatch, broker: object
    ) -> None:
        monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
        connections["default"].close()
        assert "patron.E101" in found(tags=[checks.Tags.database], databases=["default"])

    @pytest.fixture
    def keep_secret(self, tenant: Tenant) -> Callable[[str], None]:
        """Keep an encrypted text as the secret of a store."""

        def keep(text: str) -> None:
            with transaction.atomic():
                Connection.objects.create(
                    store_id=make_store().pk, token="a-token", secret_encrypted=text
                )

        return keep


def test_every_check_is_documented_under_its_id() -> None:
    documented = (PROJECT / "config" / "README.md").read_text(encoding="utf-8")
    sources = [path.read_text("utf-8") for path in (PROJECT / "config" / "checks").glob("*.py")]
    numbers = {
        f"patron.{kind}{int(number):03}" for text in sources for kind, number in _numbers(text)
    }
    assert len(numbers) >= 25
    assert {number for number in numbers if number not in documented} == set()


def _numbers(text: str) -> list[tuple[str, str]]:
    made = re.findall(r"(error|warning)\(\s*(\d+),", text)
    silent = re.findall(r"_silent\(\s*\"\w+\", (\d+)", text)
    return [("E" if kind == "error" else "W", number) for kind, number in made] + [
        ("E", number) for number in silent
    ]
