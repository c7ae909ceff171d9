"""Invitations: by mail, once, for seven days, for one address."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from kernel import clock
from kernel.tenancy import tenant_scope
from tenants.choices import Role
from tenants.models import AuditEntry, FormerMember, Invitation, Member, Tenant, User
from tests.factories.tenants import PASSWORD, make_member, make_tenant, sign_in

PAGE = "/t/ada-soap/settings/"
EVE = "eve@soap.example"


def invite(client: Client, email: str = EVE, role: str = "marketer") -> str:
    """Invite somebody and return the address that the mail leads to."""
    answer = client.post(f"{PAGE}members/invite/", {"email": email, "role": role})
    assert answer.status_code == 302
    return link_of(-1)


def link_of(place: int) -> str:
    found = re.search(r"https?://[^/]+(/invitations/[\w-]+/)", str(mail.outbox[place].body))
    assert found is not None
    return found[1]


def html_of(place: int) -> str:
    message = mail.outbox[place]
    assert isinstance(message, mail.EmailMultiAlternatives)
    return str(message.alternatives[0][0])


def test_a_name_of_many_lines_is_one_line_of_the_mail(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(name="Ada\r\n\r\nPay at https://evil.example")
    invite(sign_in(tenant))
    message = mail.outbox[-1]
    assert message.subject.endswith("invites you to Ada Pay at https://evil.example")
    assert "\nPay at" not in str(message.body)
    assert "Join Ada Pay at https://evil.example" in str(message.body)


def sign_in_with(email: str) -> Client:
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, PASSWORD)
    client = Client()
    client.force_login(user)
    return client


def says(client: Client, address: str) -> tuple[int, str]:
    page = client.get(address)
    return page.status_code, page.content.decode()


def test_the_mail_says_who_invites_into_what_until_when(tenant: Tenant) -> None:
    client = sign_in(tenant)
    invite(client)
    message = mail.outbox[-1]
    assert message.to == [EVE]
    assert message.subject == "owner@ada-soap.example invites you to Ada Soap"
    assert "as marketer" in str(message.body)
    html = html_of(-1)
    assert link_of(-1) in html
    assert "<mj-" not in html
    entry = AuditEntry.objects.get(action="invitation.sent")
    assert (entry.actor, entry.before) == ("owner@ada-soap.example", None)
    assert entry.after is not None
    assert entry.after["email"] == EVE


def test_somebody_new_creates_an_account_and_is_in(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    guest = Client()
    assert "Create account and join" in says(guest, address)[1]
    answer = guest.post(address, {"name": "Eve 👩🏽‍🚀", "password": "correct horse battery"})
    assert answer.headers["Location"] == "/t/ada-soap/"
    assert guest.get(f"{PAGE}members/").status_code == 200
    member = Member.objects.get(user__email=EVE)
    assert (member.role, member.user.name) == ("marketer", "Eve 👩🏽‍🚀")
    assert EmailAddress.objects.get(user=member.user).verified
    assert AuditEntry.objects.get(action="member.joined").actor == EVE


def test_a_weak_password_makes_nobody(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    page = Client().post(address, {"name": "Eve", "password": "12345678"})
    assert page.status_code == 422
    assert not User.objects.filter(email=EVE).exists()
    assert Invitation.objects.get().accepted_at is None


def test_somebody_with_an_account_logs_in_first(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    client = sign_in_with(EVE)
    client.logout()
    assert "Log in and continue" in says(client, address)[1]
    assert client.post(address, {"name": "E", "password": PASSWORD}).status_code == 200
    assert not Member.objects.filter(user__email=EVE).exists()


def test_who_is_logged_in_with_the_address_accepts_by_a_button(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    client = sign_in_with(EVE)
    assert says(client, address)[0] == 200
    assert not Member.objects.filter(user__email=EVE).exists()
    assert client.post(address).headers["Location"] == "/t/ada-soap/"
    assert Member.objects.get(user__email=EVE).role == "marketer"


def test_who_is_logged_in_as_somebody_else_joins_nothing(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    client = sign_in_with("mallory@evil.example")
    status, text = says(client, address)
    assert status == 403
    assert "You are logged in as mallory@evil.example" in text
    assert client.post(address).status_code == 403
    assert not Member.objects.filter(user__email="mallory@evil.example").exists()
    assert client.post(f"{address}log-out/").headers["Location"] == address
    assert "Create account and join" in says(client, address)[1]


def test_an_invitation_older_than_seven_days_says_so_and_who_can_help(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    with time_machine.travel(clock.now() + timedelta(days=7, seconds=1), tick=False):
        status, text = says(Client(), address)
        assert status == 410
        assert "It is older than seven days." in text
        assert "owner@ada-soap.example" in text
        answer = Client().post(address, {"name": "Eve", "password": "correct horse battery"})
        assert answer.status_code == 410
    assert not User.objects.filter(email=EVE).exists()


def test_a_revoked_invitation_opens_nothing(tenant: Tenant) -> None:
    client = sign_in(tenant)
    address = invite(client)
    number = Invitation.objects.get().pk
    assert client.post(f"{PAGE}invitations/{number}/revoke/").status_code == 302
    status, text = says(Client(), address)
    assert (status, "It was taken back" in text) == (410, True)
    assert client.post(f"{PAGE}invitations/{number}/revoke/").status_code == 404
    assert AuditEntry.objects.filter(action="invitation.revoked").count() == 1


def test_a_used_invitation_works_once(tenant: Tenant) -> None:
    address = invite(sign_in(tenant))
    sign_in_with(EVE).post(address)
    Member.objects.filter(user__email=EVE).delete()
    status, text = says(sign_in_with(EVE), address)
    assert (status, "Each link works once" in text) == (410, True)
    assert sign_in_with(EVE).post(address).status_code == 410
    assert not Member.objects.filter(user__email=EVE).exists()


def test_sending_again_makes_the_old_link_worthless(tenant: Tenant) -> None:
    client = sign_in(tenant)
    old = invite(client)
    number = Invitation.objects.get().pk
    client.post(f"{PAGE}invitations/{number}/resend/")
    new = link_of(-1)
    assert new != old
    assert says(Client(), old)[0] == 410
    assert says(Client(), new)[0] == 200


def test_inviting_somebody_again_changes_the_open_invitation(tenant: Tenant) -> None:
    client = sign_in(tenant)
    invite(client, role="analyst")
    invite(client, email=EVE.upper(), role="support")
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == (EVE, "support")


def test_a_member_is_not_invited_again(tenant: Tenant) -> None:
    make_member(tenant, Role.ANALYST, EVE)
    page = sign_in(tenant).post(f"{PAGE}members/invite/", {"email": EVE, "role": "owner"})
    assert page.status_code == 422
    assert f"{EVE} is a member already." in page.content.decode()
    assert mail.outbox == []


def test_an_admin_invites_no_owner(tenant: Tenant) -> None:
    admin = sign_in(tenant, Role.ADMIN)
    page = admin.post(f"{PAGE}members/invite/", {"email": EVE, "role": "owner"})
    assert page.status_code == 422
    assert not Invitation.objects.exists()
    owners = invite(sign_in(tenant), role="owner")
    mail.outbox.clear()
    admin.post(f"{PAGE}invitations/{Invitation.objects.get().pk}/resend/")
    assert mail.outbox == []
    assert says(Client(), owners)[0] == 200


def test_somebody_who_was_removed_can_come_back(tenant: Tenant) -> None:
    eve = make_member(tenant, Role.ANALYST, EVE)
    owner = sign_in(tenant)
    owner.post(f"{PAGE}members/{eve.pk}/remove/")
    address = invite(owner, role="support")
    client = sign_in_with(EVE)
    client.post(address)
    assert client.get(f"{PAGE}members/").status_code == 200
    assert not FormerMember.objects.exists()


def test_a_mail_server_that_is_down_keeps_the_invitation(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    client = sign_in(tenant)
    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    data = {"email": EVE, "role": "analyst"}
    page = client.post(f"{PAGE}members/invite/", data, follow=True)
    assert "the mail could not be sent" in page.content.decode()
    assert Invitation.objects.get().email == EVE


def test_the_number_of_invitations_in_an_hour_is_limited(tenant: Tenant) -> None:
    client = sign_in(tenant)
    answers = [
        client.post(f"{PAGE}members/invite/", {"email": f"p{at}@x.example", "role": "analyst"})
        for at in range(31)
    ]
    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert Invitation.objects.count() == len(mail.outbox) == 30


@pytest.mark.parametrize("token", ["nothing", "x" * 300, "%00", "مريم"])
def test_a_link_that_nobody_made_says_so(db: None, token: str) -> None:
    status, text = says(Client(), f"/invitations/{token}/")
    assert status == 410
    assert "ask whoever invited you" in text


def test_script_in_the_names_is_only_text(tenant: Tenant) -> None:
    script = "<script>alert(1)</script>"
    Tenant.objects.filter(pk=tenant.pk).update(name=script)
    User.objects.create_user("ada@soap.example", PASSWORD, name=script)
    make_member(tenant, Role.OWNER, "ada@soap.example")
    address = invite(sign_in_with("ada@soap.example"))
    html = html_of(-1)
    assert script not in html
    assert script not in says(Client(), address)[1]


@pytest.mark.django_db(transaction=True)
def test_an_invitation_is_committed_before_its_mail_leaves() -> None:
    tenant = make_tenant()
    client = sign_in(tenant)
    invite(client)
    bad = client.post(f"{PAGE}members/invite/", {"email": "nobody", "role": "analyst"})
    assert bad.status_code == 422
    with tenant_scope(tenant.pk):
        assert Invitation.objects.get().email == EVE
