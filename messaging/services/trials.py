"""Sends a template to colleagues before anybody else gets it."""

from collections.abc import Sequence
from uuid import uuid4

from django.db import transaction

from crm.choices import Channel
from kernel import clock
from kernel.errors import Invalid, NotFound
from kernel.tenancy import current_tenant_id
from messaging.choices import MessageClass
from messaging.models import Template
from messaging.queries.readers import find_person
from messaging.queries.senders import list_senders
from messaging.services.marking import TEST
from messaging.services.queueing import queue_messages
from messaging.types import NewMessage
from tenants.queries import list_members
from tenants.services import audit

MOST = 5
"""Addresses of one test."""


def list_addresses() -> list[str]:
    """Return where tests may go: members, and senders that were verified; each once, by address."""
    members = [member.user.email.lower() for member in list_members(current_tenant_id())]
    senders = [row.sender.email for row in list_senders() if row.sender.verified_at is not None]
    return sorted({*members, *senders})


@transaction.atomic
def send_test(
    template_id: int, addresses: Sequence[str], *, profile_id: int | None, actor: str
) -> int:
    """Queue a test of what a template says now, with the values of one person.

    No coupon code is used up, its links change nothing for the person, and nothing is counted.

    Args:
        template_id: of the tenant; an e-mail.
        addresses: of `list_addresses`, up to `MOST`.
        profile_id: whose values; None takes the newest person.
        actor: e-mail address of the member.

    Returns:
        Mails that are on their way.

    Raises:
        NotFound: no such template or person.
        Invalid: no address, too many, or one that is nobody's of the tenant.
    """
    template = Template.objects.filter(pk=template_id, channel=Channel.EMAIL).first()
    if template is None:
        raise NotFound("This template does not exist.")
    wanted = list(dict.fromkeys(address.strip().lower() for address in addresses))
    _check(wanted)
    person = _find_person(profile_id)
    now = clock.now()
    queue_messages(
        [
            NewMessage(
                key=f"trial:{uuid4()}",
                profile_id=person,
                channel=template.channel,
                message_class=MessageClass.SERVICE.value,
                template_id=template.pk,
                due_at=now,
                context={TEST: {"to": address}},
            )
            for address in wanted
        ]
    )
    after = {"name": template.name, "to": wanted}
    audit.record("template.tested", "template", template_id, after=after, actor=actor)
    return len(wanted)


def _check(addresses: Sequence[str]) -> None:
    words = ""
    if not addresses:
        words = "Choose at least one address."
    elif len(addresses) > MOST:
        words = f"Choose up to {MOST} addresses."
    elif unknown := sorted(set(addresses) - set(list_addresses())):
        words = f"{unknown[0]} is neither a member's address nor a verified sender."
    if words:
        raise Invalid(words, fields={"to": words})


def _find_person(profile_id: int | None) -> int:
    found = find_person(profile_id)
    if found is not None:
        return found
    if profile_id is not None:
        raise NotFound("This person does not exist.")
    raise Invalid("There is nobody yet whose values a test could show. Import people first.")
