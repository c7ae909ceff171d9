"""Flows of the library put to work: installed as drafts, and those every tenant starts with."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from flows.choices import FlowStatus
from flows.library import BY_KEY, INSTALLED_FIRST
from flows.library.base import Bound, Gift, LibraryFlow, Mail, Message, Standing
from flows.models import Flow, LibraryOrder
from flows.queries.library import find_installed, list_order
from flows.queries.people import find_segment
from flows.services.drafts import start_flow
from flows.services.flows import create_flow, publish, set_status
from kernel.errors import Conflict, Invalid, NotFound
from messaging.choices import CouponKind, WhenOut
from messaging.queries.coupons import find_free_name, list_code_stores
from messaging.services.authoring import Draft, create_template
from messaging.services.coupon_checks import CouponData
from messaging.services.coupons import create_coupon
from messaging.services.library import ensure_template
from segments.services.library import ensure_starter
from tenants.services import audit


@transaction.atomic
def install_flows() -> None:
    """Install the flows of the beginning and switch them on; those that are there stay as they are.

    Raises:
        NotFound: the core segments are not installed.
    """
    if any(find_segment(key) is None for one in INSTALLED_FIRST for key in BY_KEY[one].segments):
        raise NotFound("Install the core segments before the flows.")
    for key in INSTALLED_FIRST:
        wanted = BY_KEY[key]
        if find_installed(key) is not None:
            continue
        flow = create_flow(name=wanted.name, key=key, description=wanted.description)
        publish(flow.pk, wanted.build(Bound(_ensure_segments(wanted), {})))
        set_status(flow.pk, FlowStatus.LIVE)


def install_flow(key: str, *, actor: str) -> tuple[Flow, bool]:
    """Make a flow of the library as a draft, with its templates, coupons and segments.

    A repeat makes nothing and returns the flow that is there: two of one kind would write to the
    same people twice. Who wants a second one begins a new flow with the first.

    Args:
        key: of the library.
        actor: e-mail address of the member, or the key that asked.

    Returns:
        The flow, and whether it is new.

    Raises:
        NotFound: there is no such flow.
        Conflict: a segment that it needs cannot be made.
    """
    wanted = BY_KEY.get(key)
    if wanted is None:
        raise NotFound("This flow is not in the library.")
    if (found := find_installed(key)) is not None:
        return found, False
    try:
        return _install(wanted, actor), True
    except Conflict:
        # Somebody else was quicker with the same click, unless something else is in the way.
        if (found := find_installed(key)) is None:
            raise
        return found, False


@transaction.atomic
def order_library(keys: list[str], *, actor: str) -> None:
    """Say with which flows to begin, in which order.

    Args:
        keys: of the flows to begin with, each once.
        actor: e-mail address of the member.

    Raises:
        Invalid: a key is missing, twice, or of no flow to begin with.
    """
    before = list_order()
    if sorted(keys) != sorted(before):
        raise Invalid("Name each of the flows to begin with once.", fields={"keys": "incomplete"})
    if keys == before:
        return
    LibraryOrder.objects.update_or_create(defaults={"keys": keys})
    audit.record(
        "flow.library_ordered",
        "flow",
        0,
        before={"keys": before},
        after={"keys": keys},
        actor=actor,
    )


def draft_of(said: Mail, coupon_id: int | None = None) -> Draft:
    """Return an e-mail of the library as a template says it."""
    return Draft(
        name=said.name,
        channel=said.channel,
        message_class=said.message_class,
        subject=said.subject,
        preheader=said.preheader,
        mjml=said.write(coupon_id),
        tags=tuple(sorted(said.tags)),
    )


@transaction.atomic
def _install(wanted: LibraryFlow, actor: str) -> Flow:
    coupons = {gift.key: _make_coupon(gift, actor) for gift in wanted.coupons}
    bound = Bound(_ensure_segments(wanted), coupons)
    names = {said.key: _make_template(said, bound, actor) for said in wanted.messages}
    graph = _name_templates(wanted.build(bound), names)
    return start_flow(
        graph, name=wanted.name, description=wanted.description, actor=actor, key=wanted.key
    )


def _ensure_segments(wanted: LibraryFlow) -> dict[str, int]:
    return {key: ensure_starter(key).pk for key in wanted.segments}


def _make_coupon(gift: Gift, actor: str) -> int:
    """Make a coupon whose codes the stores take; where none does, codes are uploaded to it."""
    stores = list_code_stores()
    data = CouponData(
        name=find_free_name(gift.name),
        kind=(CouponKind.GENERATED if stores else CouponKind.POOL).value,
        offer=gift.offer,
        percent=Decimal(gift.percent) if gift.percent else None,
        store_ids=stores,
        prefix=gift.prefix,
        valid_hours=24 * gift.days,
        when_out=WhenOut.FALLBACK.value,
        fallback=gift.when_out,
    )
    return create_coupon(data, actor=actor).pk


def _make_template(said: Message, bound: Bound, actor: str) -> str:
    """Make the template of a message; returns its key, which has a number where it is taken."""
    if isinstance(said, Standing):
        ensure_template(said.key)
        return said.key
    if isinstance(said, Mail):
        draft = draft_of(said, bound.coupons.get(said.coupon))
    else:
        draft = Draft(
            name=said.name,
            channel=said.channel,
            message_class=said.message_class,
            text=said.body,
            content=dict(said.content),
            tags=tuple(sorted(said.tags)),
        )
    return create_template(draft, key=said.key, actor=actor).key


def _name_templates(graph: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a definition whose messages name the templates that were made."""
    nodes = {
        key: {**node, "template": names[node["template"]]} if node["type"] == "message" else node
        for key, node in graph["nodes"].items()
    }
    return {**graph, "nodes": nodes}
