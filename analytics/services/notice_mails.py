"""Tells owners and admins by mail what cannot wait until they look.

One mail for a notice and a person while it stands, and again only when it had ended. What comes
within an hour of a mail waits for the end of that hour and goes out together.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from analytics.models import NoticeCheck, NoticeMail, NoticeOptOut
from analytics.queries.attention import list_attention
from analytics.types import Attention
from kernel import clock
from kernel.batches import Deadline
from kernel.formats import format_time
from kernel.tenancy import current_tenant_id
from tenants.choices import Role, TenantStatus
from tenants.models import Member, Tenant
from tenants.queries import get_tenant, list_members
from tenants.services.mails import build_mail

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=5)
"""How often a tenant is looked at."""
GATHER = timedelta(hours=1)
"""Between two mails to one person."""
FORGET = timedelta(hours=24)
"""A notice that ended is mailed again at the earliest so long after its mail."""
_SEVERE = ("channel.", "domain.", "store.", "messages.failed", "messages.flood")
READERS = (Role.OWNER, Role.ADMIN)
"""Who gets these mails."""


def mail_due(deadline: Deadline) -> int:
    """Look what cannot wait, and mail it to whoever has not been told.

    Noted first and sent afterwards: a worker that dies in between sends nothing a second time.

    Args:
        deadline: one look fits into a turn; not asked.

    Returns:
        1 when the tenant was due for a look, else 0.
    """
    del deadline
    with transaction.atomic():
        if not _claim(clock.now()):
            return 0
        tenant = get_tenant(current_tenant_id())
        plans = _plan(tenant, clock.now())
    for member, items in plans:
        _send(tenant, member, items)
    return 1


@transaction.atomic
def set_mailed(member_id: int, *, is_wanted: bool) -> None:
    """Remember whether a member wants these mails; a repeat changes nothing."""
    if is_wanted:
        NoticeOptOut.objects.filter(member_id=member_id).delete()
    else:
        NoticeOptOut.objects.get_or_create(member_id=member_id)


def wants_mail(member_id: int) -> bool:
    """Say whether a member wants these mails; so does everybody who did not say no."""
    return not NoticeOptOut.objects.filter(member_id=member_id).exists()


def is_severe(item: Attention) -> bool:
    """Say whether a notice cannot wait until somebody looks."""
    return item.key.startswith(_SEVERE)


def _claim(now: datetime) -> bool:
    """Put the next look off and say whether this one is due; another worker's is not."""
    _, is_new = NoticeCheck.objects.get_or_create(defaults={"due_at": now + EVERY})
    if is_new:
        return True
    due = NoticeCheck.objects.filter(due_at__lte=now)
    return due.update(due_at=now + EVERY) == 1


def _plan(tenant: Tenant, now: datetime) -> list[tuple[Member, list[Attention]]]:
    """Note who is told what now, and return it."""
    if tenant.status != TenantStatus.ACTIVE:
        return []
    items = [item for item in list_attention() if is_severe(item)]
    standing = {item.key for item in items}
    NoticeMail.objects.filter(sent_at__lte=now - FORGET).exclude(key__in=standing).delete()
    told = _list_told()
    silent = set(NoticeOptOut.objects.values_list("member_id", flat=True))
    plans = []
    for member in _readers(tenant.pk):
        known = told.get(member.pk, {})
        fresh = [item for item in items if item.key not in known]
        is_soon = any(at > now - GATHER for at in known.values())
        if fresh and member.pk not in silent and not is_soon:
            plans.append((member, fresh))
    NoticeMail.objects.bulk_create(
        NoticeMail(member_id=member.pk, key=item.key, sent_at=now)
        for member, fresh in plans
        for item in fresh
    )
    return plans


def _list_told() -> Mapping[int, Mapping[str, datetime]]:
    told: dict[int, dict[str, datetime]] = {}
    for member_id, key, at in NoticeMail.objects.values_list("member_id", "key", "sent_at"):
        told.setdefault(member_id, {})[key] = at
    return told


def _readers(tenant_id: int) -> Iterable[Member]:
    return [member for member in list_members(tenant_id) if member.role in READERS]


def _send(tenant: Tenant, member: Member, items: Sequence[Attention]) -> None:
    """Send one mail; one that the server does not take is planned anew at the next look."""
    slug = tenant.slug
    first = items[0]
    at = format_time(clock.now(), tenant.timezone)
    values = {
        "tenant": tenant.name,
        "count": str(len(items)),
        "title": first.title,
        "text": first.text,
        "titles": "; ".join(item.title for item in items),
        "at": f"{at} ({tenant.timezone})",
        "role": member.get_role_display().lower(),
        "notices_url": f"{settings.PUBLIC_URL}{reverse('analytics:notices', args=[slug])}",
        "settings_url": f"{settings.PUBLIC_URL}{reverse('analytics:notice_mails', args=[slug])}",
    }
    name = "notice" if len(items) == 1 else "notices"
    try:
        build_mail(name, member.user.email, values).send()
    except OSError:
        log.warning("notice_mail_failed", member=member.pk)
        keys = [item.key for item in items]
        with transaction.atomic():
            NoticeMail.objects.filter(member_id=member.pk, key__in=keys).delete()
