"""Every page of a merchant to whom everything happened once. A new page is added here."""

from dataclasses import asdict, replace
from pathlib import Path

from django.conf import settings
from django.db import transaction

from config.provisioning import provision_tenant
from crm.models import (
    Conversation,
    ConversationMessage,
    Order,
    ProbableDuplicate,
    Product,
    Profile,
)
from crm.services.merging import merge_profiles
from crm.services.suppressions import add_suppression
from flows.models import Flow, FlowRun
from imports.models import Import, Move
from imports.services.undoing import start_undo
from imports.types import Step
from kernel import clock
from kernel.embedded.mailbox import list_mails
from kernel.secrets import encrypt
from kernel.work import drain_tenant
from loyalty.services.ladder import install_default
from messaging.models import (
    ChannelAccount,
    Coupon,
    FrequencyRule,
    Message,
    ProviderCallback,
    Template,
)
from messaging.queries.assets import describe
from messaging.services.answers import answer_conversation
from messaging.services.assets import add_asset
from messaging.services.authoring import create_template
from messaging.services.callback_edge import REFUSALS
from messaging.services.callbacks import NOBODY_KNOWS
from messaging.services.domains import add_domain
from messaging.services.starters import draft_of
from messaging.services.stops import cancel_messages, pause_messages
from messaging.services.topics import add_topic
from messaging.services.warm_ups import start_plan
from messaging.types import RecipientToken
from segments.models import Segment
from segments.services.lists import add_to_list, create_list
from stores.models import InboxDelivery, StoreWrite, WebhookDelivery, WebhookEndpoint, WriteLane
from stores.services.writing import switch_on
from tenants.models import AuditEntry, Tenant
from tests.browser.campaign_samples import make_campaigns
from tests.browser.places import list_postcodes, tell_a_shop
from tests.browser.reader_pages import list_reader_pages
from tests.factories.messaging import make_account
from tests.factories.pictures import draw_picture
from tests.factories.samples import make_conversation, make_move, make_offer, make_profile
from tests.factories.signup import make_submission
from tests.imports.files import bring, check, finish, upload
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop, simple_checkout, simple_order, simple_refund

TABS = (
    "notes",
    "orders",
    "service",
    "segments",
    "messages",
    "conversations",
    "flows",
    "points",
    "consent",
    "merges",
)


def make_pages(shop: FakeShop, tenant: Tenant) -> dict[str, str]:
    """Let everything happen once to a merchant, and return the address of each page by name."""
    provision_tenant(tenant.pk)
    shop.deliver("products/create", load_payload("shopify/product"), "d-0")
    for number in (1, 2, 3):
        order = simple_order(number)
        order["line_items"][0] |= {"product_id": 501, "variant_id": 601}
        shop.deliver("orders/create", order, f"d-{number}")
    shop.deliver("refunds/create", simple_refund(1), "d-5")
    shop.deliver("checkouts/update", simple_checkout(1), "d-6")
    shop.deliver("orders/create", b"{broken", "d-4")
    with transaction.atomic():
        install_default(actor="ada@example.com")
    drain_tenant(tenant.pk)
    with transaction.atomic():
        return {**_of_tenant(tenant, shop.store.store_id), **_of_everybody(tenant)}


def _write(store_id: int) -> int:
    """Let a store have been told of somebody, and have refused somebody else."""
    switch_on(store_id, "tags", {"prefix": "crm:"}, actor="ada@example.com")
    lane = WriteLane.objects.get(store_id=store_id)
    for subject, state, reason in (("7001", "sent", ""), ("7002", "refused", "No such customer")):
        StoreWrite.objects.create(
            lane=lane,
            subject=subject,
            value={"tags": ["crm:gold"]},
            state=state,
            reason=reason,
            sent_at=clock.now() if state == "sent" else None,
        )
    WriteLane.objects.update(due_at=None, fill_after=None, detail="Give the app write_customers")
    return store_id


def _told() -> str:
    """Let a provider tell what nobody can use, and somebody else pretend to be it."""
    account = ChannelAccount.objects.create(
        channel="email", provider="postmark", name="Postmark", credentials_encrypted=""
    )
    words = {"delivered": NOBODY_KNOWS, "refused": REFUSALS["signature"]}
    for kind, detail in words.items():
        ProviderCallback.objects.create(
            account=account, dedupe_key=kind, kind=kind, status="ignored", detail=detail, tries=9
        )
    return "ignored"


def _of_tenant(tenant: Tenant, store_id: int) -> dict[str, str]:
    run = FlowRun.objects.order_by("pk")[0]
    flow, segment = f"flows/{run.flow_id}", f"segments/{Segment.objects.order_by('pk')[0].pk}"
    profile = f"profiles/{Profile.objects.order_by('pk')[0].pk}/"
    quarantined = InboxDelivery.objects.get(delivery_id="d-4").pk
    found = {
        "home": "",
        "get-started": "get-started/",
        "notices": "notices/",
        "notice-mails": "settings/notices/",
        "analytics": "analytics/",
        "analytics-own-days": "analytics/?period=custom&from=2020-01-01&compare=year",
        "profiles": "profiles/",
        "profiles-nobody": "profiles/?q=nobody",
        "profiles-filtered": "profiles/?view=all&orders=1%2B&revenue_min=1&sort=-revenue",
        "profile-merge": f"{profile}merge/?q=e",
        "profile": profile,
        **{f"profile-{tab}": f"{profile}?tab={tab}" for tab in TABS},
        **_who_is_who(),
        "orders": "orders/",
        "orders-narrowed": "orders/?status=paid&min=1&person=none&from=2020-01-01",
        "order": f"orders/{Order.objects.order_by('pk')[0].pk}/",
        "order-return": f"orders/{Order.objects.filter(refunds=None).latest('pk').pk}/return/",
        "templates": "content/templates/",
        "template-new": "content/templates/new/",
        **_template(),
        "messages": "messages/",
        **_conversations(),
        **_pictures(),
        "reviews": "content/reviews/",
        **_coupons(),
        "topics": "settings/topics/",
        "topic": f"settings/topics/{_topic()}/",
        "topic-new": "settings/topics/new/",
        "limits": "settings/limits/",
        "rates": "settings/rates/",
        "reputation": _warming(),
        "frequency-rule": f"settings/limits/rules/{FrequencyRule.objects.order_by('pk')[0].pk}/",
        "frequency-rule-new": "settings/limits/rules/new/",
        "suppressions": f"messages/suppressions/?q={_suppressed()}",
        "suppress": "messages/suppressions/add/",
        "stops": _stopped(),
        "callbacks": f"messages/callbacks/?status={_told()}",
        **_forms(),
        "messages-skipped": "messages/?status=skipped&from=2020-01-01",
        "message": f"messages/{Message.objects.filter(status='sent').order_by('pk')[0].pk}/",
        "loyalty": "loyalty/",
        "loyalty-settings": "loyalty/settings/",
        "loyalty-tiers": "loyalty/tiers/",
        "points-ledger": "loyalty/ledger/",
        "points-account": f"loyalty/accounts/{Profile.objects.order_by('pk')[0].pk}/",
        "catalog": "catalog/",
        "product": f"catalog/{Product.objects.order_by('pk')[0].pk}/",
        "product-issue": f"catalog/{Product.objects.order_by('pk')[0].pk}/issue/",
        "product-flags": "catalog/flags/",
        "segments": "segments/",
        "segment": f"{segment}/",
        "segment-changes": f"{segment}/?tab=changes",
        "segment-insight": f"{segment}/?tab=insight",
        "segment-why": f"{segment}/?tab=why&q=a",
        "segment-shops": f"{segment}/?tab=shops",
        "segment-versions": f"{segment}/?tab=versions",
        "segment-past": f"{segment}/?on=2020-01-01",
        "segment-templates": "segments/templates/",
        "segments-archived": "segments/?state=archived",
        "segment-audit": "segments/audit/",
        "list-new": "segments/lists/new/",
        "list": f"segments/{_list()}/",
        "list-people": f"segments/{_list()}/people/",
        "segment-edit": f"{segment}/edit/",
        "segment-new": "segments/new/",
        "postcodes": list_postcodes(),
        "rfm": "segments/rfm/",
        "rfm-cut": "segments/rfm/cut/",
        "flows": "flows/",
        "flow": f"{flow}/",
        "flow-changes": f"{flow}/changes/",
        "flow-new": "flows/new/",
        "flow-library": "flows/library/",
        "flow-of-library": "flows/library/flow/?flow=win_back",
        "flow-edit": f"{flow}/edit/",
        "flow-branches": f"flows/{Flow.objects.get(key='win_back').pk}/",
        "runs": f"{flow}/runs/",
        "run": f"{flow}/runs/{run.pk}/",
        "not-entered": f"{flow}/refused/",
        "flow-try": f"flows/{Flow.objects.get(key='win_back').pk}/try/",
        "flow-backtest": f"{flow}/backtest/",
        "flow-people": f"{flow}/people/?q=e",
        "flow-person": f"{flow}/people/{run.profile_id}/",
        "flow-report": f"{flow}/report/?period=90",
        "flow-report-own-days": f"{flow}/report/?period=custom&from=2020-01-01&to=2020-01-31",
        "review": f"{flow}/review/",
        "put-person-in": f"profiles/{run.profile_id}/flows/enrol/",
        "put-people-in": f"{flow}/enrol/",
        "versions": f"{flow}/versions/",
        **make_campaigns(),
        "stores": "stores/",
        "store": f"stores/{store_id}/",
        "store-writing": f"stores/{_write(store_id)}/writing/",
        "segment-shops-on": f"{tell_a_shop()}?tab=shops",
        "delivery": f"stores/deliveries/{quarantined}/",
        "imports": "imports/",
        "import-new": "imports/new/",
        **_imports(),
        "replay": f"stores/{store_id}/replay/?from=2020-01-01&to=2100-01-01",
        "store-settings": f"stores/{store_id}/settings/",
        "connect": "stores/connect/",
        "tracking": "settings/tracking/",
        "tracking-shopify": "settings/tracking/?for=shopify",
        "tracking-push": "settings/tracking/?for=push",
        "data": "data/",
        "data-emails": "data/emails/",
        "data-orders": "data/orders/",
        "data-received": "data/received/",
        "data-event": "data/received/event/?name=Order+Placed",
        "connect-tool": "stores/connect-tool/?platform=zendesk",
        "general": "settings/general/",
        "jobs": "jobs/",
        "danger": "settings/danger/",
        "brand": "settings/brand/",
        "audit": "settings/audit/",
        "audit-nothing": "settings/audit/?actor=nobody",
        "audit-entry": f"settings/audit/{AuditEntry.objects.filter(before__isnull=False)[0].pk}/",
        "webhooks": "settings/webhooks/",
        "webhook-new": "settings/webhooks/new/",
        **_webhook(),
        "channels": "settings/channels/",
        "channel-choose": "settings/channels/new/",
        "channel-new": "settings/channels/new/?channel=email&provider=smtp",
        "channel": f"settings/channels/{make_account(is_default=False).pk}/",
        "senders": "settings/senders/",
        "sender-new": "settings/senders/new/",
        "sender-rule-new": "settings/senders/rules/new/?trait=rfm",
        "deliverability": "settings/deliverability/",
        "utm": "settings/utm/",
        "writing-help": "settings/writing-help/",
        "domain": f"settings/domains/{add_domain('shop.example', actor='ada@example.com').pk}/",
        "keys": "settings/keys/",
        "members": "settings/members/",
    }
    return {name: f"/t/{tenant.slug}/{path}" for name, path in found.items()}


def _webhook() -> dict[str, str]:
    """Return the pages of an endpoint that was told something in vain."""
    row = WebhookEndpoint.objects.create(
        url="https://erp.soap.example/patron/hooks",
        description="Warehouse",
        types=["order.placed", "order.refunded"],
        secret_encrypted=encrypt("whsec_aGVsbG8gd29ybGQgaGVsbG8="),
    )
    told = WebhookDelivery.objects.create(
        endpoint=row,
        event_id=1,
        type="order.placed",
        message_id="msg_1_1",
        body='{"type": "order.placed", "data": {"event_id": "1"}}',
        tries=2,
        last_status=500,
        log=[
            {"at": "2026-05-04T12:00:00+00:00", "status": None, "detail": "no answer", "ms": 15000},
            {"at": "2026-05-04T12:05:00+00:00", "status": 500, "detail": "Oh no", "ms": 120},
        ],
    )
    return {
        "webhook": f"settings/webhooks/{row.pk}/",
        "webhook-edit": f"settings/webhooks/{row.pk}/edit/",
        "webhook-delivery": f"settings/webhooks/deliveries/{told.pk}/",
    }


def _warming() -> str:
    """Return the page of the warm-up, with a plan that runs."""
    start_plan("domain", "warm.example", first=200, last=20_000, days=30, actor="ada@example.com")
    return "settings/reputation/"


def _stopped() -> str:
    """Return the page of what is paused, with a pause and a cancellation of what nobody sends."""
    pause_messages("channel", "push", reason="A wrong price", actor="ada@example.com")
    cancel_messages("channel", "whatsapp", actor="ada@example.com")
    return "messages/stops/"


def _conversations() -> dict[str, str]:
    """Let somebody write, be answered by one channel and not by another."""
    made = make_conversation(Profile.objects.order_by("pk")[0], assignee="support@example.com")
    answer_conversation(made.pk, text="Yes, it is.", channel="sms", actor="ada@example.com")
    return {
        "conversations": "conversations/",
        "conversations-closed": "conversations/?state=closed",
        "conversation": f"conversations/{made.pk}/",
        "conversation-mail": f"conversations/{_mail_conversation().pk}/",
    }


def _mail_conversation() -> Conversation:
    """Let somebody answer a mail, with a quote and an attachment."""
    account = make_account(
        is_default=False, name="With replies", options={"reply_address": "replies@shop.example"}
    )
    made = make_conversation(
        Profile.objects.order_by("pk")[0],
        channel="email",
        account_id=account.pk,
        address="zoe@example.com",
        own_address="replies@shop.example",
    )
    mail = {
        "subject": "Re: Thank you",
        "original": "Is it in stock?\n\nOn Monday Ada Soap wrote:\n> Thank you",
        "attachments": [{"name": "soap.jpg", "type": "image/jpeg", "size": 1_500_000}],
        "doubt": "DMARC failed",
    }
    ConversationMessage.objects.filter(conversation=made).update(mail=mail)
    return made


def _template() -> dict[str, str]:
    """Return the pages of a template of blocks, and of one that is code."""
    written = Template.objects.get(key="win_back").pk
    draft = draft_of("blank", name="Welcome", channel="email", message_class="promotional")
    made = f"content/templates/{create_template(draft, actor='ada@example.com').pk}/"
    return {
        "template": made,
        "template-dark": f"{made}?scheme=dark&width=375",
        "template-edit": f"{made}edit/",
        "template-check": f"{made}check/",
        "template-code": f"content/templates/{written}/edit/",
    }


def _pictures() -> dict[str, str]:
    """Upload a picture that a template shows."""
    taken = add_asset(draw_picture(), "soap.png", alt="A bar of soap", actor="ada@example.com")
    draft = draft_of("blank", name="Soap", channel="push", message_class="promotional")
    content = {"title": "Soap", "image": describe(taken.asset).url}
    create_template(replace(draft, content=content), actor="ada@example.com")
    return {
        "pictures": "content/pictures/",
        "pictures-none": "content/pictures/?q=nothing",
        "picture": f"content/pictures/{taken.asset.pk}/",
    }


def _coupons() -> dict[str, str]:
    """Give somebody a code of a coupon that runs out."""
    offer = make_offer(Profile.objects.order_by("pk")[0])["offer_id"]
    Coupon.objects.filter(pk=offer).update(is_low=True)
    return {
        "coupons": "content/coupons/",
        "coupons-paused": "content/coupons/?status=paused",
        "coupon-kinds": "content/coupons/new/",
        "coupon-new": "content/coupons/new/?kind=generated",
        "coupon": f"content/coupons/{offer}/",
        "coupon-edit": f"content/coupons/{offer}/edit/",
        "coupon-upload": f"content/coupons/{offer}/upload/",
    }


def _topic() -> int:
    """Return a topic of marketing that has an email."""
    templates = Template.objects.filter(message_class="promotional").values_list("pk", flat=True)
    said = ("New products", "What is new, about once a month.", templates[:1])
    return add_topic(*said, actor="ada@example.com").pk


def _forms() -> dict[str, str]:
    """Let somebody have sent a form."""
    form = make_submission(Profile.objects.order_by("pk")[0]).form_id
    return {
        "forms": "content/forms/",
        "waiting-lists": "content/forms/waiting/",
        "form": f"content/forms/{form}/",
        "form-edit": f"content/forms/{form}/edit/",
        "form-new": "content/forms/new/",
    }


def _suppressed() -> str:
    """Return an address that must not be contacted."""
    return add_suppression("email", "zoe@example.com", actor="ada@example.com")[0].address


def _list() -> int:
    """Return a list with somebody on it."""
    made = Segment.objects.filter(kind="static").first() or create_list(name="Fair in May")
    add_to_list(made.pk, [Profile.objects.order_by("pk")[0].pk], actor="ada@example.com")
    return made.pk


def _who_is_who() -> dict[str, str]:
    """Let two profiles be one, and others wait for a decision."""
    one, other = (make_profile(first_name="Zoë", phone=f"+4477009001{n}") for n in (1, 2))
    [merge_id] = merge_profiles([(one.pk, make_profile(city="Leeds").pk)], rule="manual")
    pair = ProbableDuplicate.objects.create(one=one, other=other, reason="email", score=70)
    return {
        "duplicates": "profiles/duplicates/",
        "merge-rules": "profiles/duplicates/rules/",
        "duplicates-apart": "profiles/duplicates/?status=apart",
        "duplicate": f"profiles/duplicates/{pair.pk}/",
        "merge-undo": f"profiles/{one.pk}/merges/{merge_id}/undo/",
    }


def _imports() -> dict[str, str]:
    """Bring files, so that each step of the wizard has its page."""
    mapped = upload("Email,First name,Soap\nzoe@example.com,Zoë,Lemon\n")
    body = "Email\nyan@example.com\nYAN@example.com\nnobody\n"
    checked, done = check(body), bring(body)
    return {
        "import-columns": f"imports/{mapped.pk}/columns/",
        "import-check": f"imports/{checked.pk}/check/",
        "import": f"imports/{done.pk}/",
        "import-undo": f"imports/{done.pk}/undo/",
        "import-undone": f"imports/{_undone().pk}/",
        "move-key": "imports/klaviyo/",
        "move-choose": f"imports/klaviyo/{make_move().pk}/",
        "move": f"imports/klaviyo/{_moving(checked, done).pk}/",
    }


def _moving(*parts: Import) -> Move:
    """Make a move that fetched files, one of which is imported."""
    move = make_move()
    steps = [Step("people", "people", rows=3, import_id=part.pk) for part in parts]
    move.steps, move.stage = [asdict(step) for step in steps], "fetched"
    move.save(update_fields=["steps", "stage"])
    return move


def _undone() -> Import:
    """Undo an import of which something stays as it is."""
    done = bring("Email,First name\nxenia@example.com,Xenia\nwill@example.com,Will\n")
    Profile.objects.filter(email_norm="will@example.com").update(city="Bath")
    start_undo(done.pk, actor="ada@example.com")
    return finish(done)


def _of_everybody(tenant: Tenant) -> dict[str, str]:
    message = Message.objects.filter(status="sent").order_by("pk")[0]
    recipient = RecipientToken(tenant.pk, message.profile_id, message.pk)
    mail = next(
        mail
        for mail in list_mails(Path(settings.MAILBOX_DIR), to=message.address)
        if settings.PUBLIC_URL in mail.html
    )
    return {
        "mailbox": "/mailbox/",
        "mail": f"/mailbox/{mail.id}/",
        **list_reader_pages(recipient),
        "api": "/api/v1/docs/",
        "log-out": "/accounts/logout/",
    }
