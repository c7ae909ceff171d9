"""One of each thing a tenant can have, for tests that only need that it exists."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from itertools import count
from typing import Any

from crm.models import (
    Cart,
    Conversation,
    ConversationMessage,
    Event,
    FlagRule,
    Note,
    Order,
    OrderLine,
    ProbableDuplicate,
    Product,
    Profile,
    ProfileFacts,
    Refund,
    Return,
    Review,
    SavedView,
    Shipment,
    Store,
    Suppression,
    Ticket,
)
from crm.services.merging import merge_profiles
from imports.models import Import, Move
from imports.services.imports import create_import
from kernel import clock
from kernel.scope import current_tenant_id
from kernel.secrets import encrypt
from loyalty.models import PointsAccount, PointsEntry, PointsLot
from messaging.models import (
    ChannelAccount,
    Coupon,
    CouponCode,
    FrequencyRule,
    LinkDomain,
    Sender,
    SendingDomain,
    SendingStop,
    Template,
    Topic,
    WarmUp,
)
from messaging.services.authoring import Draft, create_template, save_variant
from segments.models import Membership, MembershipChange, RfmScale, Segment
from segments.services.lists import add_to_list, create_list
from stores.models import (
    InboxDelivery,
    StoreWrite,
    SyncRun,
    WebhookDelivery,
    WebhookEndpoint,
    WriteLane,
)
from tenants.choices import Role
from tenants.models import AuditEntry, Job, Tenant
from tenants.services.files import append, new_path
from tenants.services.invitations import create_invitation
from tests.factories.campaigns import make_sent_campaign
from tests.factories.crm import make_question
from tests.factories.flow_samples import make_run
from tests.factories.messaging import make_account, make_sender_rule
from tests.factories.pictures import make_asset
from tests.factories.signup import make_submission
from tests.factories.tenants import make_member

numbers = count(1)


def make_store(name: str = "Shop", **fields: Any) -> Store:
    """Create a store of the active tenant."""
    values = {"platform": "custom", "currency": "GBP", "timezone": "UTC", **fields}
    return Store.objects.create(name=name, **values)


def make_profile(**fields: Any) -> Profile:
    """Create a profile without any identity."""
    return Profile.objects.create(**{"first_name": "Ada", "email_consent": "never", **fields})


def make_order(store: Store, profile: Profile | None = None, **fields: Any) -> Order:
    """Create an order of £12.50 that counts, with one line."""
    now = clock.now()
    number = str(next(numbers))
    values = {
        "external_id": number,
        "number": f"#{number}",
        "ordered_at": now,
        "currency": "GBP",
        "gross_minor": 1250,
        "base_gross_minor": 1250,
        "source_version_at": now,
        "is_counted": True,
    }
    order = Order.objects.create(store=store, profile=profile, **{**values, **fields})
    OrderLine.objects.create(
        order=order,
        line_key="0",
        position=0,
        title="Soap",
        quantity=1,
        unit_price_minor=1250,
        total_minor=1250,
    )
    return Order.objects.get(pk=order.pk)


def make_delivery(store: Store, **fields: Any) -> InboxDelivery:
    """Create a delivery that waits."""
    values = {"delivery_id": str(next(numbers)), "topic": "orders/create", "body": b"{}", **fields}
    return InboxDelivery.objects.create(store=store, **values)


def make_coupon(store: Store) -> StoreWrite:
    """Create a code that a store has."""
    terms = {"kind": "percent", "amount": "10", "starts_at": "2026-06-01T09:00:00+00:00"}
    empty = dict.fromkeys(("ends_at", "minimum", "usage_limit"))
    value = {
        "code": "HELLO10",
        "is_active": True,
        "terms": {**terms, **empty, "once_per_customer": False},
    }
    lane = WriteLane.objects.create(store=store, kind="codes", is_on=True)
    return StoreWrite.objects.create(lane=lane, subject="HELLO10", value=value, state="sent")


def make_conversation(profile: Profile, **fields: Any) -> Conversation:
    """Create a conversation by SMS, in which they wrote once."""
    now = clock.now()
    account, _ = ChannelAccount.objects.get_or_create(
        channel="sms",
        is_default=True,
        defaults={"provider": "twilio", "name": "Twilio", "credentials_encrypted": ""},
    )
    values = {
        "channel": "sms",
        "account_id": account.pk,
        "address": f"+44770090{next(numbers):04d}",
        "last_text": "Is it in stock?",
        "last_message_at": now,
        "last_inbound_at": now,
        "unread": 1,
    }
    made = Conversation.objects.create(profile=profile, **{**values, **fields})
    ConversationMessage.objects.create(
        conversation=made, direction="in", text=made.last_text, at=now, provider_id=f"in-{made.pk}"
    )
    return made


def make_event(profile: Profile | None = None, **fields: Any) -> Event:
    """Create an event that happened now."""
    values = {"name": "Product Viewed", "occurred_at": clock.now(), "source": "api", **fields}
    return Event.objects.create(profile_id=None if profile is None else profile.pk, **values)


def make_cart(profile: Profile, **fields: Any) -> Cart:
    """Create an open cart of one soap."""
    now = clock.now()
    values = {
        "started_at": now,
        "changed_at": now,
        "idle_at": now + timedelta(hours=1),
        "currency": "GBP",
        "total_minor": 1250,
        "piece_count": 1,
        "items": [
            {
                "title": "Soap",
                "quantity": 1,
                "price": "12.50",
                "price_minor": 1250,
                "sku": "",
                "product_id": "p1",
                "url": "",
                "image_url": "",
            }
        ],
        **fields,
    }
    return Cart.objects.create(profile=profile, **values)


def make_job(**fields: Any) -> Job:
    """Create a job of `tests.support.jobs` that is done, with its file."""
    now = clock.now()
    path = new_path(".csv")
    values = {
        "kind": "count",
        "params": {"top": 1},
        "status": "done",
        "done": 1,
        "total": 1,
        "actor": "ada@example.com",
        "result_name": "numbers.csv",
        "result_path": path,
        "result_bytes": append(path, "0\n", at_byte=0),
        "created_at": now,
        "turned_at": now,
        "finished_at": now,
        "expires_at": now + timedelta(days=7),
    }
    return Job.objects.create(**{**values, **fields})


def make_import(store: Store) -> Import:
    """Create an import of one customer that waits for its columns, with its file and a job."""
    source = create_import(
        BytesIO(b"Email,Favourite soap\nada@example.com,Lemon\n"),
        kind="customers",
        store_id=store.pk,
        filename="customers.csv",
        actor="ada@example.com",
    )
    Import.objects.filter(pk=source.pk).update(job_id=make_job().pk)
    return source


def make_move() -> Move:
    """Create a move from Klaviyo that waits for the choice of what to bring."""
    return Move.objects.create(
        account="Soap & Co",
        key_encrypted=encrypt("pk_1"),
        lists=[["L1", "Newsletter"]],
        actor="ada@example.com",
        created_at=clock.now(),
    )


def make_link_domain(**fields: Any) -> LinkDomain:
    """Create a domain for links that was never checked."""
    now = clock.now()
    values = {"domain": "click.soap.example", "check_due_at": now, "created_at": now, **fields}
    return LinkDomain.objects.create(**values)


def make_domain(**fields: Any) -> SendingDomain:
    """Create a sending domain that was never checked, with a key that nobody can sign with."""
    now = clock.now()
    values = {
        "domain": "soap.example",
        "selector": "patron1",
        "dkim_public": "AAAA",
        "check_due_at": now,
        "created_at": now,
        **fields,
    }
    return SendingDomain.objects.create(**values)


def _make_webhook() -> dict[str, int]:
    """Create an endpoint that has been told something."""
    row = WebhookEndpoint.objects.create(
        url="https://erp.example/patron", secret_encrypted=encrypt("whsec_aGVsbG8gd29ybGQgaGVsbG8=")
    )
    told = WebhookDelivery.objects.create(
        endpoint=row,
        event_id=0,
        type="webhook.test",
        message_id="msg_1",
        body="{}",
        status="failed",
    )
    return {"webhook_id": row.pk, "outgoing_id": told.pk}


def make_default_sender() -> Sender:
    """Create the sender that mails leave from, unless there is one; it cannot be removed."""
    found = Sender.objects.filter(is_default=True).first()
    values = {"name": "Ada", "email": "ada@soap.example", "is_default": True}
    return found or Sender.objects.create(**values)


def make_everything() -> dict[str, int]:
    """Fill the active tenant with one of each thing.

    Returns:
        The ids by the name of the argument that takes them in addresses.
    """
    now = clock.now()
    store, profile = make_store(), make_profile()
    order = make_order(store, profile)
    make_link_domain()
    ProfileFacts.objects.create(profile_id=profile.pk)
    Refund.objects.create(
        store=store,
        external_id="r1",
        order=order,
        profile=profile,
        refunded_at=now,
        currency="GBP",
        amount_minor=100,
        source_version_at=now,
    )
    product = Product.objects.create(store=store, external_id="p1")
    segment = Segment.objects.create(
        name="Buyers", definition={"field": "order_count", "is": ">=", "value": 1}
    )
    people = _make_list(profile)
    Membership.objects.filter(profile_id=profile.pk).update(segment_ids=[segment.pk, people.pk])
    MembershipChange.objects.create(
        profile_id=profile.pk, segment_id=segment.pk, entered=True, at=now, cause="event"
    )
    PointsAccount.objects.create(profile_id=profile.pk, balance=5)
    entry = PointsEntry.objects.create(
        profile=profile, kind="earn", points=5, source_key="order:1", effective_at=now
    )
    PointsLot.objects.create(pk=entry.pk, profile=profile, earned=5, remaining=5)
    scale, _ = RfmScale.objects.get_or_create(
        defaults={"mode": "thresholds", "as_of": now, "buyers": 0}
    )
    return {
        "store_id": store.pk,
        "profile_id": profile.pk,
        "order_id": order.pk,
        "product_id": product.pk,
        "coupon_id": make_coupon(store).pk,
        "cart_id": make_cart(profile).pk,
        "segment_id": segment.pk,
        "campaign_id": make_sent_campaign(segment).pk,
        "list_id": people.pk,
        "scale_id": scale.pk,
        "entry_id": entry.pk,
        "event_id": make_event(profile).pk,
        "sender_id": make_default_sender().pk,
        "sender_rule_id": make_sender_rule(make_default_sender()).pk,
        "domain_id": make_domain().pk,
        **_make_webhook(),
        "channel_id": make_account(is_default=False).pk,
        "plan_id": WarmUp.objects.create(
            kind="domain",
            name="warm.example",
            first=200,
            last=20_000,
            days=30,
            started_on=now.date(),
        ).pk,
        "stop_id": SendingStop.objects.create(
            kind="pause", scope="flow", target="0", actor="ada@example.com", created_at=now
        ).pk,
        "delivery_id": make_delivery(store).pk,
        "sync_run_id": SyncRun.objects.create(store=store, status="finished").pk,
        "job_id": make_job().pk,
        "note_id": Note.objects.create(
            profile=profile, user_id=0, author="ada@example.com", text="Hello", created_at=now
        ).pk,
        "merge_id": merge_profiles([(profile.pk, make_profile().pk)], rule="email")[0],
        "duplicate_id": ProbableDuplicate.objects.create(
            one_id=profile.pk, other_id=make_profile().pk, reason="email"
        ).pk,
        "cap_id": FrequencyRule.objects.create(
            message_class="promotional", max_n=4, window_hours=720
        ).pk,
        "conversation_id": make_conversation(profile).pk,
        "template_id": _make_template().pk,
        "asset_id": make_asset().pk,
        "topic_id": Topic.objects.create(name="New products").pk,
        "form_id": make_submission(profile).form_id,
        "suppression_id": Suppression.objects.create(
            channel="email", address_hash="0" * 64, address="ada@example.com", reason="manual"
        ).pk,
        "view_id": SavedView.objects.create(user_id=0, name="Mine", is_shared=True).pk,
        "import_id": make_import(store).pk,
        "rule_id": FlagRule.objects.create(flag="consumable", category="Soap").pk,
        **_make_care(store, profile, order),
        **make_offer(profile),
        "move_id": make_move().pk,
        **_make_people(),
        **_make_flow(profile),
    }


def _make_list(profile: Profile) -> Segment:
    """Create a list with somebody on it."""
    made = create_list(name="Fair in May")
    add_to_list(made.pk, [profile.pk], actor="ada@example.com")
    return made


def _make_template() -> Template:
    """Create a template that nothing sends, with one other language."""
    words = '<mj-text>Hello <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>'
    body = f"<mj-section><mj-column>{words}</mj-column></mj-section>"
    draft = Draft(
        name="News",
        channel="email",
        message_class="promotional",
        subject="Hello",
        mjml=f'<mjml look="brand"><mj-body>{body}</mj-body></mjml>',
    )
    made = create_template(draft, actor="ada@example.com")
    save_variant(made.pk, "de", replace(draft, subject="Hallo"), actor="ada@example.com")
    return made


def _make_care(store: Store, profile: Profile, order: Order) -> dict[str, int]:
    now = clock.now()
    told: dict[str, Any] = {"store": store, "external_id": "1", "source_version_at": now}
    owned = {**told, "profile": profile, "order": order}
    return {
        "shipment_id": Shipment.objects.create(**told, order=order).pk,
        "return_id": Return.objects.create(**owned, requested_at=now).pk,
        "review_id": Review.objects.create(
            **owned, rating=5, is_consented=True, reviewed_at=now
        ).pk,
        "question_id": make_question(store).pk,
        "ticket_id": Ticket.objects.create(**owned, opened_at=now).pk,
    }


def make_offer(profile: Profile) -> dict[str, int]:
    """Create a coupon of which somebody was sent a code."""
    now = clock.now()
    offer = Coupon.objects.create(
        name="Hello", kind="pool", offer="percent", percent=10, currency="GBP"
    )
    code = CouponCode.objects.create(
        coupon=offer,
        code="HELLO-1",
        code_norm="HELLO-1",
        status="sent",
        profile=profile,
        holder=f"profile:{profile.pk}",
        claimed_at=now,
        sent_at=now,
    )
    return {"offer_id": offer.pk, "code_id": code.pk}


def _make_people() -> dict[str, int]:
    tenant, number = Tenant.objects.get(pk=current_tenant_id()), next(numbers)
    member = make_member(tenant, Role.ANALYST, f"person{number}@{tenant.slug}.example")
    owner = make_member(tenant, Role.OWNER, f"owner{number}@{tenant.slug}.example")
    new = create_invitation(f"guest{number}@{tenant.slug}.example", Role.SUPPORT, by=owner)
    return {
        "member_id": member.pk,
        "invitation_id": new.invitation.pk,
        "audit_id": AuditEntry.objects.order_by("pk")[0].pk,
    }


def _make_flow(profile: Profile) -> dict[str, int]:
    found = make_run(profile)
    make_job(
        kind="flows.backtest",
        params={"flow": found["flow_id"], "name": "Hello", "days": 90},
        status="cancelled",
        result_path="",
    )
    return found
