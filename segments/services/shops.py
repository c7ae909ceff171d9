"""Telling stores who is in a segment: begun and ended by a marketer, kept up by events.

Everybody's tags at one store are one wish (`stores.services.wishing`), made of what they are in
when they are looked at. So it does not matter how often, or in which order, entries and exits come.
"""

import re
import unicodedata
from typing import Final

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from segments.choices import PushForm
from segments.models import Segment, SegmentPush
from segments.queries.shops import find_tags, list_words
from segments.services.segments import lock_segment
from stores.domain.writing import METAFIELD
from stores.services.segment_tags import begin_tag, end_tag, find_prefix
from stores.services.wishing import SEGMENT_TAGS, SEGMENT_WORDS, find_clash
from tenants.services import audit

MAX_TAG: Final = 40
"""Signs that Shopify takes in a tag of a customer."""
MAX_WORD: Final = MAX_TAG + len(METAFIELD)
"""Signs of the longest name space and key of a metafield."""
NO_COMMA: Final = f"A tag has 1 to {MAX_TAG} signs and no comma"
ARCHIVED: Final = "An archived segment has no members: bring it back first"
NO_KEY: Final = f"The key of a metafield has 1 to {MAX_TAG} letters and digits"
NOT_TOLD: Final = "This store is not told of this segment"


def register() -> None:
    """Answer stores who shall have which tag; called once, when the apps are loaded."""
    SEGMENT_TAGS.append(find_tags)
    SEGMENT_WORDS.append(list_words)


def propose_tag(segment: Segment) -> str:
    """Return the tag that is offered for a segment: its name, as far as a shop takes it."""
    return " ".join(segment.name.replace(",", " ").split())[:MAX_TAG].strip()


@transaction.atomic
def start_push(
    segment_id: int, store_id: int, *, tag: str, actor: str, form: str = PushForm.TAG
) -> bool:
    """Have the customers of a store who are in a segment tagged there, from now on.

    Args:
        segment_id: of the active tenant.
        store_id: of a connected store that can be told.
        tag: that no other segment gives at this store; of a metafield what its key is made
            of, in small letters: ``At risk`` becomes ``patron.segment_at_risk``.
        form: a word of `PushForm`.
        actor: e-mail address of the member, or ``key:<hint>``.

    Returns:
        False where it is so already.

    Raises:
        NotFound: no such segment.
        Conflict: the segment is archived, the store is not connected, or has the tag for something
            else; nothing is changed.
        Invalid: the tag breaks a rule, or the store cannot be told, or not in this form.
    """
    segment = lock_segment(segment_id)
    if segment.archived_at is not None:
        raise Conflict(ARCHIVED)
    if form not in PushForm.values:
        raise Invalid(f"A shop takes {' or '.join(PushForm.values)}")
    cleaned = _name_key(tag) if form == PushForm.METAFIELD else _clean(tag)
    found = SegmentPush.objects.filter(store_id=store_id, segment_id=segment_id).first()
    if found is not None and found.tag == cleaned:
        return False
    if found is not None:
        raise Conflict(f"Its members bear {found.tag} there; stop that first")
    begin_tag(store_id, cleaned)  # whoever begins another one at this store waits here
    _refuse_taken(store_id, cleaned)
    SegmentPush.objects.create(
        segment=segment,
        store_id=store_id,
        form=form,
        tag=cleaned,
        begun_at=clock.now(),
        begun_by=actor,
    )
    after = {"store": store_id, "tag": cleaned}
    audit.record("segment.push_started", "segment", segment_id, after=after, actor=actor)
    return True


@transaction.atomic
def stop_push(segment_id: int, store_id: int, *, takes_away: bool, actor: str) -> None:
    """Tell a store no more who is in a segment.

    Args:
        segment_id: of the active tenant.
        store_id: that is told of it; it may be cut off by now.
        takes_away: whether those who have the tag lose it; else it is the store's from now on. A
            metafield is Patron's alone and always goes.
        actor: e-mail address of the member, or ``key:<hint>``.

    Raises:
        NotFound: no such segment, or the store is not told of it.
    """
    lock_segment(segment_id)
    push = SegmentPush.objects.filter(store_id=store_id, segment_id=segment_id).first()
    if push is None:
        raise NotFound(NOT_TOLD)
    takes_away = takes_away or push.form == PushForm.METAFIELD
    push.delete()
    is_last = not SegmentPush.objects.filter(store_id=store_id).exists()
    end_tag(store_id, push.tag, takes_away=takes_away, is_last=is_last)
    before = {"store": store_id, "tag": push.tag}
    after = {"is_taken_away": takes_away}
    audit.record(
        "segment.push_stopped", "segment", segment_id, before=before, after=after, actor=actor
    )


def _clean(tag: str) -> str:
    cleaned = " ".join(tag.split())
    if not cleaned or len(cleaned) > MAX_TAG or "," in cleaned or not cleaned.isprintable():
        raise Invalid(NO_COMMA, fields={"tag": f"{NO_COMMA}."})
    if cleaned.casefold().startswith(METAFIELD):
        raise Invalid(f"{METAFIELD}… is what metafields are called")
    return cleaned


def _name_key(typed: str) -> str:
    """Return name space and key of a metafield for what was typed, such as the segment's name."""
    plain = unicodedata.normalize("NFKD", typed).encode("ascii", "ignore").decode().lower()
    end = re.sub(r"[^a-z0-9]+", "_", plain.strip().removeprefix(METAFIELD)).strip("_")
    if not end or len(end) > MAX_TAG:
        raise Invalid(NO_KEY, fields={"tag": f"{NO_KEY}."})
    return f"{METAFIELD}{end}"


def _refuse_taken(store_id: int, tag: str) -> None:
    """Refuse a tag that is given there already: of two givers neither knows when to take it."""
    for push in SegmentPush.objects.select_related("segment").filter(store_id=store_id):
        if push.tag.casefold() == tag.casefold():
            raise Conflict(f"The segment {push.segment.name} gives this tag there")
    prefix = find_prefix(store_id)
    if prefix is not None and find_clash(prefix, [tag]):
        raise Conflict("The tags that people have here are written there, and this is one of them")
