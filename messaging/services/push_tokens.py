"""Browsers and apps that ask for push messages, and what becomes of them.

The write key that they show lies open in pages, so nobody is believed who they say they are. A
token belongs to its browser until the shop vouches for the customer (`stores.services.push_proof`).
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction

from crm.choices import Channel, ConsentState, EventSource
from crm.domain.identifiers import normalize_visitor_id
from crm.domain.permission import NEGATIVE
from crm.queries.visitors import is_anonymous, is_nobody_yet
from crm.services.consent import record_consent
from crm.services.events import append_events
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, NewEvent, TrackedRecord
from kernel import clock
from kernel.errors import Conflict
from kernel.retry import retry_conflicts
from messaging.models import ChannelAccount, PushToken
from messaging.queries.devices import REACHED
from messaging.queries.sending import find_recipients
from messaging.types import Hit

METHOD: Final = "push_prompt"
UNSUBSCRIBED: Final = "unsubscribed"
MAX_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser or app sends once its user allowed push messages.

    Attributes:
        provider: ``web`` or ``fcm``.
        name: the endpoint or token, which names it.
        target: what a message is handed to: the subscription as JSON, or the token.
        platform: ``web``, ``android`` or ``ios``.
        anonymous_id: of the browser, as tracking knows it; may be empty.
        user_id: the store's id of the customer, for whom the shop vouched; empty for nobody.
        source_url: page on which they said yes, without its query.
        text_version: of the words that they said yes to.
    """

    provider: str
    name: str
    target: str
    platform: str
    anonymous_id: str
    user_id: str
    source_url: str
    text_version: str
    hit: Hit


def find_push_account(provider: str) -> ChannelAccount | None:
    """Return the account of a push provider that new tokens belong to."""
    found = ChannelAccount.objects.filter(channel=Channel.PUSH, provider=provider, removed_at=None)
    return found.order_by("-is_default", "pk").first()


def subscribe(store_id: int, asked: Asked) -> bool:
    """Keep a token and the consent to push; a repeat only notes that it was seen.

    Args:
        store_id: that takes what sites tell.
        asked: checked.

    Returns:
        False when nothing was kept: there is no account of the provider, or they were erased.

    Raises:
        Conflict: other writers were in the way again and again; nothing was kept.
    """
    return retry_conflicts(partial(_subscribe, store_id, asked))


@transaction.atomic
def unsubscribe(provider: str, name: str, hit: Hit) -> bool:
    """End push to one browser or app; with the last one of somebody their consent ends too.

    Returns:
        Whether there was such a token.
    """
    rows = PushToken.objects.select_for_update(no_key=True).filter(
        account__provider=provider, digest=digest_token(name), gone_at=None
    )
    found = list(rows.order_by("pk"))
    for token in found:
        is_theirs = token.is_proven or is_anonymous(token.profile_id)
        _end({token.pk: UNSUBSCRIBED})
        if is_theirs and not _has_live(token.profile_id):
            record_consent(
                token.profile_id,
                Channel.PUSH,
                ConsentState.UNSUBSCRIBED,
                method=METHOD,
                occurred_at=hit.at,
                ip=hit.ip,
                user_agent=hit.user_agent[:500],
                actor="recipient",
            )
    return bool(found)


@transaction.atomic
def forget_gone(reasons: Mapping[int, str]) -> None:
    """Send nothing more to tokens that their provider calls dead, by id; a repeat is harmless."""
    _end(reasons)


def digest_token(name: str) -> str:
    """Return the digest under which a token is found."""
    return hashlib.sha256(name.encode()).hexdigest()


@transaction.atomic
def _subscribe(store_id: int, asked: Asked) -> bool:
    account = find_push_account(asked.provider)
    if account is None:
        return False
    now, digest = asked.hit.at, digest_token(asked.name)
    rows = PushToken.objects.select_for_update(no_key=True)
    known = rows.filter(account=account, digest=digest).first()
    if known is not None and _is_settled(known, asked):
        PushToken.objects.filter(pk=known.pk).update(last_seen_at=now)
        return True
    profile_id = _find_owner(store_id, asked)
    if profile_id is None:
        return False
    values = {
        "profile_id": profile_id,
        "target": asked.target,
        "platform": asked.platform,
        "is_proven": bool(asked.user_id),
        "last_seen_at": now,
    }
    PushToken.objects.update_or_create(
        account=account,
        digest=digest,
        defaults={**values, "gone_at": None, "reason": ""},
        create_defaults={**values, "created_at": now},
    )
    _tell(_moved(known, profile_id, is_proven=bool(asked.user_id)), now)
    is_new = known is None or known.profile_id != profile_id
    if not (is_new and _said_no(profile_id)):
        _record_yes(profile_id, asked)
    return True


def _moved(known: PushToken | None, profile_id: int, *, is_proven: bool) -> set[int]:
    """Return who gets messages by a browser and did not before, and who no longer does."""
    before = {known.profile_id} if known and known.is_proven and known.gone_at is None else set()
    return before ^ ({profile_id} if is_proven else set())


def _tell(profile_ids: Collection[int], now: datetime) -> None:
    """Tell that other browsers and apps get the messages of some people now."""
    events = [
        NewEvent("Push Device Changed", now, EventSource.SYSTEM, profile_id)
        for profile_id in sorted(profile_ids)
    ]
    append_events(events, now=now)


def _is_settled(known: PushToken, asked: Asked) -> bool:
    """Say whether a browser that is somebody's comes again, on a page that does not vouch."""
    is_live = known.gone_at is None and known.target == asked.target
    return known.is_proven and is_live and not asked.user_id


def _find_owner(store_id: int, asked: Asked) -> int | None:
    """Return whose token it is: the customer's, the visitor's, else a profile of the browser.

    Raises:
        Conflict: the visitor became somebody meanwhile.
    """
    if asked.user_id:
        return _visit(store_id, asked, asked.anonymous_id)
    own = f"push:{digest_token(asked.name)}"
    visitor = asked.anonymous_id
    usable = (each for each in (visitor, own) if normalize_visitor_id(each))
    free = next((each for each in usable if is_nobody_yet(each)), None)
    found = _visit(store_id, asked, free) if free else None
    if found is not None and not is_anonymous(found):
        raise Conflict("the visitor became known meanwhile")
    return found


def _visit(store_id: int, asked: Asked, anonymous_id: str) -> int | None:
    now = asked.hit.at
    record = TrackedRecord(
        occurred_at=now,
        who=CustomerRecord(external_id=asked.user_id, version_at=now),
        anonymous_ids=[anonymous_id] if anonymous_id else [],
        is_visit=True,
    )
    applied = apply_records(store_id, [record], source=EventSource.TRACKING, now=now)
    return applied.profile_ids.get(0)


def _said_no(profile_id: int) -> bool:
    """Say whether somebody refused push: a browser that is new to them does not speak for them."""
    who = find_recipients([profile_id]).get(profile_id)
    return who is not None and who.push_consent in NEGATIVE


def _record_yes(profile_id: int, asked: Asked) -> None:
    record_consent(
        profile_id,
        Channel.PUSH,
        ConsentState.SUBSCRIBED,
        method=METHOD,
        occurred_at=asked.hit.at,
        detail=asked.platform,
        text_version=asked.text_version,
        ip=asked.hit.ip,
        user_agent=asked.hit.user_agent[:500],
        source_url=asked.source_url,
        actor="recipient",
    )


def _end(reasons: Mapping[int, str]) -> None:
    now = clock.now()
    rows = PushToken.objects.select_for_update(no_key=True).filter(
        pk__in=sorted(reasons), gone_at=None
    )
    tokens = list(rows.order_by("pk"))
    for token in tokens:
        token.gone_at, token.reason = now, reasons[token.pk][:MAX_WORDS]
    PushToken.objects.bulk_update(tokens, ["gone_at", "reason"])
    _tell({token.profile_id for token in tokens if token.is_proven}, now)


def _has_live(profile_id: int) -> bool:
    return PushToken.objects.filter(REACHED, profile_id=profile_id, gone_at=None).exists()
