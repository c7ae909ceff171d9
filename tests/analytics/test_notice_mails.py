"""What cannot wait goes by mail to owners and admins: once, together, and not to who said no."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from analytics.models import NoticeMail
from analytics.services import notice_mails
from analytics.services.notice_mails import EVERY, FORGET, GATHER, mail_due, set_mailed
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from messaging.models import ChannelAccount
from tenants.choices import Role
from tenants.models import Member, Tenant, User
from tests.factories.crm import make_store
from tests.factories.samples import make_delivery
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/t/ada-soap/settings/notices/"


@pytest.fixture
def noon() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def add_member(tenant: Tenant, name: str, role: Role) -> Member:
    user = User.objects.create(email=f"{name}@soap.example")
    return Member.objects.create(tenant=tenant, user=user, role=role)


@pytest.fixture
def people(tenant: Tenant) -> dict[str, Member]:
    Member.objects.filter(tenant=tenant).delete()
    roles = {"olga": Role.OWNER, "adam": Role.ADMIN, "anna": Role.ANALYST}
    return {name: add_member(tenant, name, role) for name, role in roles.items()}


def pause() -> None:
    ChannelAccount.objects.create(
        channel="email", name="Mail", is_paused=True, paused_reason="Too many bounces"
    )


def quarantine() -> None:
    make_delivery(make_store("Soap & Co"), status="quarantined", reason="No currency")


def look() -> list[tuple[str, str]]:
    """Have the worker look; returns recipient and subject of what was sent."""
    mail.outbox.clear()
    mail_due(Deadline(seconds=None))
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


def test_owners_and_admins_are_told_once(
    tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    assert look() == []
    pause()
    noon.shift(EVERY)
    subject = "Email is paused – Ada Soap"
    assert look() == [("adam@soap.example", subject), ("olga@soap.example", subject)]
    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    text = str(message.body)
    assert "Too many bounces" in text
    assert "/t/ada-soap/notices/" in text
    assert f"{URL}" in text
    assert "Europe/London" in text
    for _ in range(3):
        noon.shift(GATHER)
        assert look() == []


def test_a_look_comes_every_five_minutes(
    tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    assert mail_due(Deadline(seconds=None)) == 1
    assert mail_due(Deadline(seconds=None)) == 0
    noon.shift(EVERY)
    assert mail_due(Deadline(seconds=None)) == 1


def test_what_comes_within_an_hour_comes_together(
    tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    pause()
    assert len(look()) == 2
    noon.shift(EVERY)
    quarantine()
    assert look() == []
    ChannelAccount.objects.create(channel="sms", name="SMS", is_paused=True)
    noon.shift(GATHER)
    assert look() == [
        (name, "2 things need you – Ada Soap")
        for name in ("adam@soap.example", "olga@soap.example")
    ]
    text = str(mail.outbox[0].body)
    assert "1 quarantined delivery" in text
    assert "SMS is paused" in text
    assert "Email is paused" not in text


def test_who_said_no_gets_none(tenant: Tenant, people: dict[str, Member], noon: Any) -> None:
    set_mailed(people["adam"].pk, is_wanted=False)
    set_mailed(people["adam"].pk, is_wanted=False)
    pause()
    assert [to for to, _ in look()] == ["olga@soap.example"]
    set_mailed(people["adam"].pk, is_wanted=True)
    noon.shift(EVERY)
    assert [to for to, _ in look()] == ["adam@soap.example"]


def test_a_notice_that_ended_is_told_again_a_day_later(
    tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    pause()
    assert len(look()) == 2
    ChannelAccount.objects.update(is_paused=False)
    noon.shift(GATHER)
    assert look() == []
    ChannelAccount.objects.update(is_paused=True)
    noon.shift(GATHER)
    assert look() == []
    ChannelAccount.objects.update(is_paused=False)
    noon.shift(FORGET)
    assert look() == []
    assert NoticeMail.objects.count() == 0
    ChannelAccount.objects.update(is_paused=True)
    noon.shift(EVERY)
    assert len(look()) == 2


def test_a_mail_that_the_server_does_not_take_is_tried_again(
    tenant: Tenant, people: dict[str, Member], noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> object:
        raise ConnectionRefusedError

    pause()
    with monkeypatch.context() as patched:
        patched.setattr(notice_mails, "build_mail", refuse)
        assert look() == []
    assert NoticeMail.objects.count() == 0
    noon.shift(EVERY)
    assert len(look()) == 2


def test_a_suspended_tenant_is_left_alone(
    tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    pause()
    Tenant.objects.filter(pk=tenant.pk).update(status="suspended")
    assert look() == []


def test_another_tenants_notices_stay_there(
    tenant: Tenant, other_tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    with tenant_scope(other_tenant.pk):
        pause()
    assert look() == []


def test_a_name_with_line_breaks_starts_no_header(
    tenant: Tenant, people: dict[str, Member], noon: Any
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(name="Ada\r\nBcc: eve@example.com")
    pause()
    assert {subject for _, subject in look()} == {"Email is paused – Ada Bcc: eve@example.com"}


def test_a_member_turns_the_mails_off_in_the_settings(tenant: Tenant) -> None:
    client = sign_in(tenant, Role.ADMIN)
    assert "checked" in client.get(URL).content.decode()
    assert client.post(URL, {}).status_code == 302
    assert "checked" not in client.get(URL).content.decode()
    client.post(URL, {"is_wanted": "1"})
    assert "checked" in client.get(URL).content.decode()


def test_an_analyst_is_told_who_gets_them(tenant: Tenant) -> None:
    text = sign_in(tenant, Role.ANALYST).get(URL).content.decode()
    assert "Only owners and admins" in text
    assert 'name="is_wanted"' not in text
