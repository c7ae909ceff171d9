"""Every stored secret comes under the newest key, in any number of steps."""

import contextlib
import json
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from pytest_django import Settings

from kernel import secrets
from kernel.rotation import encrypted_columns, renew_within
from kernel.tenancy import tenant_scope
from messaging.models import ChannelAccount
from stores.models import Connection
from tenants.choices import TenantStatus
from tenants.models import Tenant
from tests.factories.crm import make_store

OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))
pytestmark = [
    pytest.mark.django_db(databases=["default", "sys", "owner"]),
    pytest.mark.covers("C6"),
]


@pytest.fixture(autouse=True)
def fresh_cipher() -> Any:
    secrets._cipher.cache_clear()
    yield
    secrets._cipher.cache_clear()


def use(settings: Settings, *keys: str) -> None:
    settings.ENCRYPTION_KEYS = list(keys)
    secrets._cipher.cache_clear()


def connect(name: str, secret: str) -> Connection:
    return Connection.objects.create(
        store_id=make_store(name).pk,
        token=f"token-{name}",
        secret_encrypted=secrets.encrypt(secret),
        credentials_encrypted=secrets.encrypt("{}"),
    )


def run() -> dict[str, Any]:
    out = StringIO()
    with contextlib.suppress(SystemExit):
        call_command("rotate_keys", "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_columns_that_keep_secrets_are_found_by_their_name() -> None:
    found = {model.__name__: columns for model, columns in encrypted_columns()}
    assert found["Connection"] == [
        "secret_encrypted",
        "previous_secret_encrypted",
        "credentials_encrypted",
    ]
    assert found["ChannelAccount"] == ["credentials_encrypted"]


def test_secrets_of_every_tenant_come_under_the_newest_key(
    settings: Settings, tenant: Tenant, other_tenant: Tenant
) -> None:
    use(settings, OLD)
    kept = connect("one", "first")
    with tenant_scope(other_tenant.pk):
        ChannelAccount.objects.create(
            channel="email",
            provider="smtp",
            name="Mail",
            credentials_encrypted=secrets.encrypt("smtp://a"),
        )
    Tenant.objects.filter(pk=other_tenant.pk).update(status=TenantStatus.SUSPENDED)
    use(settings, NEW, OLD)

    assert run() == {
        "rotated": 3,
        "already_current": 0,
        "unreadable": 0,
        "old_keys": 1,
        "old_keys_can_be_dropped": True,
    }

    use(settings, NEW)
    kept.refresh_from_db()
    assert secrets.decrypt(kept.secret_encrypted) == "first"
    with tenant_scope(other_tenant.pk):
        assert secrets.decrypt(ChannelAccount.objects.get().credentials_encrypted) == "smtp://a"


def test_a_repeat_changes_nothing(settings: Settings, tenant: Tenant) -> None:
    use(settings, OLD)
    kept = connect("one", "first")
    use(settings, NEW, OLD)
    run()
    kept.refresh_from_db()
    before = kept.secret_encrypted

    again = run()

    kept.refresh_from_db()
    assert (again["rotated"], again["already_current"]) == (0, 2)
    assert kept.secret_encrypted == before


def test_a_secret_that_no_key_opens_is_left_and_the_old_keys_are_kept(
    settings: Settings, tenant: Tenant
) -> None:
    use(settings, FOREIGN)
    lost = connect("lost", "gone")
    use(settings, OLD)
    connect("kept", "here")
    use(settings, NEW, OLD)

    answer = run()

    assert (answer["rotated"], answer["unreadable"]) == (2, 2)
    assert answer["old_keys_can_be_dropped"] is False
    before = lost.secret_encrypted
    lost.refresh_from_db()
    assert lost.secret_encrypted == before


def test_more_rows_than_a_batch_are_all_rotated(
    settings: Settings, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.rotation.BATCH_ROWS", 2)
    use(settings, OLD)
    for number in range(5):
        connect(f"shop {number}", "x")
    use(settings, NEW, OLD)
    assert run()["rotated"] == 10


def test_secrets_within_json_are_renewed_and_other_texts_are_not() -> None:
    token = Fernet(OLD).encrypt(b"totp").decode()
    value = {"secret": token, "codes": [token, "plain"], "used": 3, "note": "gAAAA is no token"}
    renewed = renew_within(value, lambda text: "renewed")
    assert renewed == {
        "secret": "renewed",
        "codes": ["renewed", "plain"],
        "used": 3,
        "note": "gAAAA is no token",
    }
