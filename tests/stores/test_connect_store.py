import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from crm.models import Store
from kernel.secrets import decrypt
from stores.models import Connection
from tenants.models import AccessToken, Tenant

pytestmark = pytest.mark.django_db


def connect(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("connect_store", "--tenant", "ada-soap", "--json", *arguments, stdout=out)
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return figures


def test_a_store_is_connected(tenant: Tenant) -> None:
    made = connect(
        *("--platform", "shopify", "--name", "Shop UK", "--url", "https://uk.example"),
        *("--secret", "s3cret", "--credential", "token=abc"),
    )

    with transaction.atomic():
        store = Store.objects.get()
        kept = Connection.objects.get()
    token = AccessToken.objects.get()
    assert made == {
        "store_id": str(store.pk),
        "webhook_url": f"http://127.0.0.1:8000/webhooks/shopify/{token.token}/",
    }
    assert (store.name, store.currency, store.timezone) == ("Shop UK", "GBP", "Europe/London")
    assert (token.kind, token.object_id, token.tenant_id) == ("store_webhook", store.pk, tenant.pk)
    assert decrypt(kept.secret_encrypted) == "s3cret"
    assert json.loads(decrypt(kept.credentials_encrypted)) == {"token": "abc"}


def test_without_a_secret_one_is_made_and_shown(tenant: Tenant) -> None:
    made = connect("--platform", "custom", "--name", "Till")
    with transaction.atomic():
        assert decrypt(Connection.objects.get().secret_encrypted) == made["secret"]
    assert made["secret"].startswith("whsec_")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--name", "Twice"], "There is a store named 'Twice' already"),
        (["--name", " "], "Give the store a name"),
        (["--name", "X", "--currency", "QQQ"], "Write a currency code"),
        (["--name", "X", "--credential", "abc"], "'abc' is not KEY=VALUE"),
    ],
)
def test_what_is_wrong_is_said(tenant: Tenant, arguments: list[str], expected: str) -> None:
    connect("--platform", "shopify", "--name", "Twice")
    with pytest.raises(CommandError, match=expected):
        connect("--platform", "shopify", *arguments)
    assert AccessToken.objects.count() == 1


def test_an_unknown_tenant_is_said(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="There is no tenant 'nobody'"):
        call_command("connect_store", tenant="nobody", platform="shopify", name="X")
