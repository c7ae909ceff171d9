"""What the gates and the hand-over need to know, each for a whole batch in one statement."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import F
from django.db.models.functions import Coalesce

from crm.choices import StoreStatus
from crm.models import Order, Store
from kernel.arrays import array
from kernel.secrets import decrypt
from kernel.sql import run_sql
from messaging.choices import MessageClass, MessageStatus
from messaging.gates import once
from messaging.models import Message, Sender, SendingDomain, Template
from messaging.queries.senders import dns_failure
from messaging.types import DkimKey, Recipient


class Identity(NamedTuple):
    """What the domain of a sender proves.

    Attributes:
        dkim: None while no record says the key.
        return_path: address that bounces go to; empty for the sender's own.
    """

    dkim: DkimKey | None
    return_path: str


def find_recipients(profile_ids: Collection[int]) -> dict[int, Recipient]:
    """Return who messages go to, by the profile id asked for; a merged one is its winner."""
    found, winners = _read_people(profile_ids)
    more, _ = _read_people(set(winners.values()) - found.keys())
    found |= more
    return {asked: found[winners.get(asked, asked)] for asked in profile_ids if asked in found}


def _read_people(profile_ids: Collection[int]) -> tuple[dict[int, Recipient], dict[int, int]]:
    """Return people by id, and of those who were merged the winner."""
    if not profile_ids:
        return {}, {}
    rows = run_sql("messaging.find_recipients", profile_ids=array(profile_ids))
    winners = {row.id: row.merged_into_id for row in rows if row.merged_into_id}
    return {row.id: Recipient._make((*row[:-1], ())) for row in rows}, winners


def find_suppressions(
    channel: str, address_hashes: Collection[str], now: datetime
) -> dict[str, list[tuple[str, str]]]:
    """Return scope and reason of every suppression in force, by address hash."""
    rows = run_sql(
        "messaging.find_suppressions",
        channel=channel,
        address_hashes=array(address_hashes),
        now=now,
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for address_hash, scope, reason in rows:
        found.setdefault(address_hash, []).append((scope, reason))
    return found


def find_last_promotional(
    channel: str, profile_ids: Collection[int], since: datetime
) -> dict[int, datetime]:
    """Return when each profile last got a promotional message on a channel, if since a time.

    One whose outcome is unknown counts as received.
    """
    rows = (
        Message.objects.filter(
            profile_id__in=profile_ids,
            channel=channel,
            message_class=MessageClass.PROMOTIONAL,
            status__in=[MessageStatus.SENT, MessageStatus.UNKNOWN],
        )
        .annotate(left_at=Coalesce(F("sent_at"), F("claimed_at")))
        .filter(left_at__gt=since)
        .order_by("left_at")
        .values_list("profile_id", "left_at")
    )
    return dict(rows)


def has_lost_store() -> bool:
    """Return whether any store of the tenant is no longer connected."""
    return Store.objects.exclude(status=StoreStatus.CONNECTED).exists()


def list_store_urls() -> list[str]:
    """Return where the tenant's shops are; empty for one that did not say."""
    return list(Store.objects.values_list("url", flat=True))


def find_lost_stores(order_ids: Collection[int]) -> dict[int, str]:
    """Return the names of stores no longer connected that orders belong to, by order id."""
    rows = Order.objects.filter(pk__in=order_ids).exclude(store__status=StoreStatus.CONNECTED)
    return dict(rows.values_list("pk", "store__name"))


def find_left_behind(profile_ids: Collection[int]) -> set[int]:
    """Return the profiles that only storefronts no longer connected know.

    A profile that no storefront knows, such as one from a file, belongs to all of them.
    """
    if not profile_ids:
        return set()
    rows = run_sql("messaging.find_left_behind", profile_ids=array(profile_ids))
    return {row.profile_id for row in rows}


def find_default_sender() -> Sender | None:
    """Return the from-identity of the tenant, or None; read once for a batch of messages."""
    return once("sender", lambda: Sender.objects.filter(is_default=True).first())


def find_identities(domains: Collection[str]) -> dict[str, Identity]:
    """Return with what mails of domains are signed, and where their bounces go, by domain."""
    found = {name: _identity_of(row) for name, row in _find_domains(domains).items()}
    return {domain: found.get(domain, Identity(None, "")) for domain in domains}


def _identity_of(found: SendingDomain) -> Identity:
    key = None
    if found.is_signing:
        key = DkimKey(found.domain, found.selector, decrypt(found.dkim_key_encrypted))
    takes_bounces = found.findings.get("return_path", {}).get("known") == "good"
    return Identity(key, found.return_path if takes_bounces else "")


def find_dns_failures(domains: Collection[str]) -> dict[str, str]:
    """Say which records of domains fail, by domain; those are left out of which none is known."""
    said = {name: dns_failure(row) for name, row in _find_domains(domains).items()}
    return {domain: words for domain, words in said.items() if words}


def _find_domains(domains: Collection[str]) -> dict[str, SendingDomain]:
    """Return those of some domains that are set up here; read once for a batch of messages."""
    wanted = sorted(set(domains))
    rows = SendingDomain.objects.filter(domain__in=wanted)
    return once(f"domains:{','.join(wanted)}", lambda: {row.domain: row for row in rows})


def find_templates(template_ids: Collection[int]) -> dict[int, Template]:
    """Return templates by id."""
    return {row.pk: row for row in Template.objects.filter(pk__in=template_ids)}
