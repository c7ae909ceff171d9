"""A new merchant from the command line."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from kernel.scope import current_tenant_id
from kernel.tenancy import tenant_scope
from tenants import queries
from tenants.choices import KeyKind, Role
from tenants.models import ApiKey, AuditEntry, Member, Tenant, User

ARGUMENTS = {
    "name": "Ada's Soap & Co",
    "currency": "GBP",
    "timezone": "Europe/London",
    "owner_email": "Ada@Soap.example",
    "owner_password": "correct horse battery",
}
provisioned: list[int] = []


def note_tenant(tenant_id: int) -> None:
    assert current_tenant_id() == tenant_id
    provisioned.append(tenant_id)


@pytest.fixture(autouse=True)
def _provision(db: None, settings: Settings) -> None:
    provisioned.clear()
    settings.PROVISION_TENANT = "tests.tenants.test_create_tenant.note_tenant"


def create(**changes: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("create_tenant", **{**ARGUMENTS, **changes}, json=True, stdout=out)
    last: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return last


def test_a_tenant_gets_an_owner_two_keys_and_its_first_content() -> None:
    made = create()
    tenant = Tenant.objects.get()
    assert made["tenant_id"] == str(tenant.pk)
    assert made["slug"] == tenant.slug == "adas-soap-co"
    assert (tenant.currency, tenant.timezone) == ("GBP", "Europe/London")
    owner = Member.objects.select_related("user").get(tenant=tenant)
    assert (owner.role, owner.user.email) == (Role.OWNER, "ada@soap.example")
    assert owner.user.check_password(ARGUMENTS["owner_password"])
    assert provisioned == [tenant.pk]


def test_the_keys_printed_open_the_tenant_and_are_not_stored() -> None:
    made = create()
    assert made["secret_key"].startswith("sk_")
    assert made["write_key"].startswith("wk_")
    secret = queries.find_api_key(made["secret_key"])
    write = queries.find_api_key(made["write_key"])
    assert secret is not None
    assert write is not None
    assert (secret.kind, secret.scopes) == (KeyKind.SECRET, ["*"])
    assert (write.kind, write.scopes, write.hint) == (
        KeyKind.WRITE,
        ["events:write"],
        made["write_key"],
    )
    rows = str(list(ApiKey.objects.values()))
    assert made["secret_key"] not in rows


def test_what_was_made_is_in_the_audit_trail() -> None:
    made = create()
    with tenant_scope(int(made["tenant_id"])):
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["key.created", "key.created", "tenant.created"]


def test_a_second_tenant_of_the_same_name_gets_another_slug_and_keeps_the_password() -> None:
    create()
    made = create(owner_password="another-one-entirely")
    assert made["slug"] == "adas-soap-co-2"
    user = User.objects.get()
    assert user.check_password(ARGUMENTS["owner_password"])
    assert Member.objects.filter(user=user).count() == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"currency": "GPB"}, "'GPB' is not an ISO 4217 currency such as GBP."),
        ({"currency": "gbp"}, "'gbp' is not an ISO 4217 currency such as GBP."),
        ({"timezone": "Europe/Londn"}, "'Europe/Londn' is not an IANA time zone"),
        ({"owner_email": "ada"}, "'ada' is not an email address."),
        ({"owner_password": "short"}, "This password is too short."),
        ({"name": "  "}, "Give the shop a name."),
        ({"slug": "Not A Slug"}, "'Not A Slug' is not a slug"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_words_and_leaves_nothing(
    change: dict[str, str], words: str
) -> None:
    with pytest.raises(CommandError, match=words.replace(".", r"\.")):
        create(**change)
    assert not Tenant.objects.exists()
    assert not User.objects.exists()


def test_a_slug_asked_for_that_is_taken_is_refused() -> None:
    create(slug="soap")
    with pytest.raises(CommandError, match="'soap' is taken"):
        create(slug="soap")
    assert Tenant.objects.count() == 1
