"""Every page and every call that changes something leaves an entry in the audit trail."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client

from crm.models import Note, Profile, Review, SavedView, Store
from crm.queries.own_reviews import mark_of
from imports.models import Import
from messaging.domain.limits import CHANNELS, TROUBLES
from messaging.models import Brand, Message, Sender
from segments.models import Segment
from stores.models import InboxDelivery
from stores.services.connections import disconnect_store
from stores.services.writing import switch_on
from tenants.choices import Role
from tenants.domain.actions import ACTIONS, OBJECTS, describe_actor
from tenants.models import ApiKey, AuditEntry, Job, Tenant
from tests.factories.loyalty import FORMS
from tests.factories.samples import make_profile
from tests.factories.tenants import PASSWORD, call_with, make_key, make_member
from tests.tenants.changes_of_campaigns import BEFORE_FLOWS, OF_FLOWS
from tests.tenants.changes_of_sending import OF_SENDING
from tests.tenants.routes import PAGES

CHANGES: dict[str, dict[str, Any]] = {
    **OF_FLOWS,
    **OF_SENDING,
    "profiles/export/": {"ids": ()},
    "profiles/tags/": {"action": "add", "add_tag": "vip", "ids": ()},
    "profiles/views/": {"name": "Mine"},
    "profiles/views/<int:view_id>/": {"action": "delete"},
    "profiles/<int:profile_id>/erase/": {},
    "profiles/<int:profile_id>/tags/": {"add_tag": "vip"},
    "profiles/<int:profile_id>/notes/add/": {"text": "Called back"},
    "profiles/<int:profile_id>/notes/<int:note_id>/": {"action": "edit", "text": "Called"},
    "profiles/<int:profile_id>/consent/change/": {
        "channel": "email",
        "state": "unsubscribed",
        "reason": "Said so on the phone",
    },
    "profiles/<int:profile_id>/export/": {},
    "profiles/<int:profile_id>/merge/": {"with": ()},
    "profiles/<int:profile_id>/merges/<int:merge_id>/undo/": {},
    "orders/<int:order_id>/return/": {"pieces-0": "1", "reason": "It does not fit"},
    "data/phones/": {"country": "GB"},
    "data/orders/": {},
    "data/categories/": {"category": "Soap"},
    "data/ignore/": {"key": "phones"},
    "profiles/duplicates/decide/": {"action": "apart", "ids": ()},
    "profiles/duplicates/search/": {},
    "profiles/duplicates/rules/save/": {"rules": ["same_mailbox"], "per_day": "5"},
    "profiles/duplicates/<int:duplicate_id>/": {"action": "apart"},
    "catalog/flags/add/": {"flag": "technical", "brand": "Volt"},
    "catalog/flags/<int:rule_id>/remove/": {},
    "catalog/<int:product_id>/flag/": {"flag": "technical", "said": "yes"},
    "catalog/<int:product_id>/refill/": {"days": "30"},
    **FORMS,
    "segments/new/": {"name": "Mine", "definition": '{"field":"order_count","is":">=","value":2}'},
    "segments/templates/install/": {"key": "rfm_champions"},
    "settings/postcodes/": {
        "file": SimpleUploadedFile("gb.csv", b"country,postcode,lat,lng\nGB,N1,51.53,-0.1\n"),
    },
    "segments/lists/new/": {"name": "Regulars"},
    "segments/lists/add/": {"new_list": "Picked", "ids": ()},
    "segments/rfm/cut/": {
        "action": "save",
        "mode": "fitting",
        **{f"days_{score}": str((5 - score) * 30 + 20) for score in (5, 4, 3, 2)},
        **{f"orders_{score}": str(score) for score in (5, 4, 3, 2)},
        **{f"percents_{score}": str(score * 40) for score in (5, 4, 3, 2)},
    },
    "segments/<int:segment_id>/export/": {},
    "segments/<int:segment_id>/shops/": {"store": "", "tag": "VIP"},
    "segments/<int:segment_id>/archive/": {},
    "segments/<int:segment_id>/unarchive/": {},
    "segments/<int:list_id>/take-off/": {"ids": ()},
    "segments/<int:segment_id>/snapshot/": {},
    "profiles/<int:profile_id>/lists/": {"list": (), "action": "remove"},
    "segments/<int:segment_id>/edit/": {
        "name": "Others",
        "definition": '{"field":"order_count","is":">=","value":3}',
    },
    "flows/new/": {"start": "blank"},
    "flows/library/install/": {"key": "win_back"},
    "flows/library/order/": {"key": ["win_back", "post_purchase", "welcome", "cart_recovery"]},
    "flows/<int:flow_id>/save/": {"graph": '{"nodes": {}}'},
    "flows/<int:flow_id>/rename/": {"name": "Hello again"},
    "flows/<int:flow_id>/publish/": {},
    "flows/<int:flow_id>/restore/": {"number": "1"},
    "flows/<int:flow_id>/backtest/begin/": {"days": "90"},
    "content/reviews/<int:review_id>/": {
        "status": "hidden",
        "seen": mark_of(Review(rating=5, title="", body="", author="")),
    },
    "content/pictures/<int:asset_id>/words/": {"name": "soap.jpg", "alt": "A bar of soap"},
    "content/pictures/<int:asset_id>/remove/": {},
    "content/coupons/new/": {
        "kind": "pool",
        "name": "Spring",
        "offer": "percent",
        "percent": "10",
        "scope": "profile",
        "when_out": "skip",
        "low_water": "10",
        "valid_unit": "days",
    },
    "content/coupons/<int:offer_id>/edit/": {
        "name": "Hello again",
        "offer": "free_shipping",
        "scope": "profile",
        "when_out": "skip",
        "low_water": "10",
        "valid_unit": "days",
    },
    "content/coupons/<int:offer_id>/upload/": {"codes": "NEW-1", "do": "add"},
    "content/coupons/<int:offer_id>/status/": {"status": "paused"},
    "content/coupons/<int:offer_id>/codes/<int:code_id>/release/": {},
    "messages/<int:message_id>/retry/": {},
    "conversations/<int:conversation_id>/answer/": {"text": "It is", "channel": "sms"},
    "conversations/<int:conversation_id>/assign/": {"assignee": "ada@soap.example"},
    "conversations/<int:conversation_id>/state/": {"state": "closed"},
    "content/templates/new/": {
        "name": "Spring",
        "channel": "email",
        "message_class": "promotional",
        "start": "blank",
    },
    "content/templates/<int:template_id>/edit/": {
        "name": "News",
        "message_class": "promotional",
        "subject": "Hello again",
        "mjml": '<mjml look="brand"><mj-body><mj-brand-footer></mj-brand-footer></mj-body></mjml>',
    },
    "content/templates/<int:template_id>/test/": {"to": ["ada@soap.example"]},
    "content/templates/<int:template_id>/duplicate/": {},
    "content/templates/<int:template_id>/archive/": {},
    "content/templates/<int:template_id>/delete/": {},
    "content/templates/<int:template_id>/language/": {"locale": "de"},
    "profiles/<int:profile_id>/consent/ask/": {"reason": "Asked at the till"},
    "settings/topics/new/": {"name": "Back in stock"},
    "settings/topics/<int:topic_id>/": {"name": "New products", "description": "Once a month"},
    "settings/topics/<int:topic_id>/remove/": {},
    "settings/limits/": {
        **dict.fromkeys(("start_default", "end_default"), "21:00"),
        **{f"smart_{channel}_hours": "5" for channel in CHANNELS},
        **{f"smart_{channel}_on_hit": "skip" for channel in CHANNELS},
        **{f"smart_{channel}_wait": "24" for channel in CHANNELS},
        **{f"cost_{channel}": "1" for channel in CHANNELS},
        **{f"unhappy_{kind}": "wait" for kind in TROUBLES},
        "budget_points": "7",
        "budget_on_loss": "wait",
    },
    "settings/limits/rules/new/": {
        "max_n": "3",
        "message_class": "promotional",
        "window": "7",
        "unit": "days",
        "audience": "engaged",
    },
    "settings/limits/rules/<int:cap_id>/": {
        "max_n": "5",
        "message_class": "promotional",
        "window": "60",
        "unit": "hours",
        "audience": "all",
    },
    "settings/limits/rules/<int:cap_id>/remove/": {},
    "content/forms/new/": {
        "name": "Footer",
        "kind": "embedded",
        "title": "Hello",
        "button": "Join",
        "email": "required",
        "success_title": "Thank you",
    },
    "content/forms/<int:form_id>/edit/": {
        "name": "Welcome",
        "kind": "page",
        "title": "Hello",
        "button": "Join",
        "phone": "required",
        "success_title": "Thank you",
    },
    "content/forms/<int:form_id>/delete/": {},
    "messages/suppressions/add/": {
        "channel": "email",
        "address": "zoe@example.com",
        "scope": "all",
    },
    "messages/suppressions/<int:suppression_id>/end/": {},
    "stores/connect/": {"name": "Shop UK", "currency": "GBP"},
    "stores/connect-tool/": {"name": "Reviews", "secret": "of-the-tool"},
    "stores/<int:store_id>/settings/": {"name": "Shop DE"},
    "stores/<int:store_id>/secret/": {"secret": "a-secret-of-the-shop"},
    "stores/<int:store_id>/disconnect/": {},
    "stores/<int:store_id>/reconnect/": {},
    "stores/<int:store_id>/retry/": {},
    "stores/<int:store_id>/replay/": {"from": "2020-01-01", "to": "2100-01-01"},
    "stores/deliveries/<int:delivery_id>/replay/": {},
    "stores/<int:store_id>/pull/start/": {},
    "stores/<int:store_id>/days/check/": {},
    "stores/<int:store_id>/writing/change/": {"kind": "tags", "tag_prefix": "crm:"},
    "stores/<int:store_id>/writing/retry/": {},
    "stores/<int:store_id>/credentials/": {
        "url": "https://soap.example",
        "consumer_key": "ck_1",
        "consumer_secret": "cs_1",
    },
    "stores/deliveries/<int:delivery_id>/retry/": {},
    "imports/new/": {
        "kind": "customers",
        "file": SimpleUploadedFile("people.csv", b"email\nada@example.com\n"),
    },
    "imports/<int:import_id>/columns/": {"column-0": "email", "date_order": "iso"},
    "imports/<int:import_id>/stop/": {},
    "imports/<int:import_id>/run/": {},
    "imports/<int:import_id>/discard/": {},
    "imports/<int:import_id>/undo/": {},
    "imports/klaviyo/<int:move_id>/": {"has_people": "on"},
    "imports/klaviyo/<int:move_id>/act/": {"do": "cancel"},
    "jobs/<int:job_id>/cancel/": {},
    "jobs/<int:job_id>/retry/": {},
    "jobs/<int:job_id>/undo/": {},
    "settings/general/": {
        "name": "Another",
        "country": "GB",
        "timezone": "Europe/London",
        "currency": "GBP",
        "week_start": "1",
    },
    "settings/webhooks/new/": {"url": "https://erp.example/other"},
    "settings/webhooks/<int:webhook_id>/edit/": {"url": "https://erp.example/other"},
    "settings/webhooks/<int:webhook_id>/rotate/": {},
    "settings/webhooks/<int:webhook_id>/remove/": {},
    "settings/webhooks/deliveries/<int:outgoing_id>/replay/": {},
    "settings/senders/new/": {"name": "Ada", "email": "ada@mail.example"},
    "settings/domains/": {"domain": "mail.example"},
    "settings/domains/<int:domain_id>/return-path/": {"return_path": "bounces@soap.example"},
    "settings/deliverability/links/remove/": {},
    "settings/brand/": {"accent": "#123456"},
    "settings/brand/logo/remove/": {},
    "settings/keys/": {"name": "Till", "kind": "secret", "scopes": ["orders:read"]},
    "settings/keys/<int:key_id>/revoke/": {},
    "settings/tracking/key/": {},
    "settings/danger/export/": {},
    "settings/danger/suspend/": {},
    "settings/danger/resume/": {},
    "settings/danger/delete/": {"name": "Ada Soap"},
    "settings/danger/restore/": {},
    "settings/members/leave/": {},
    "settings/members/two-step/": {},
    "settings/members/invite/": {"email": "eve@soap.example", "role": "analyst"},
    "settings/members/<int:member_id>/role/": {"role": "support"},
    "settings/members/<int:member_id>/remove/": {},
    "settings/members/<int:member_id>/hand-over/": {"password": PASSWORD},
    "settings/invitations/<int:invitation_id>/resend/": {},
    "settings/invitations/<int:invitation_id>/revoke/": {},
}
"""What each page that takes a POST is sent, so that it changes something."""
BEFOREHAND: dict[str, tuple[type[Model], dict[str, Any]]] = {
    **BEFORE_FLOWS,
    "segments/<int:segment_id>/unarchive/": (
        Segment,
        {"archived_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ),
    "profiles/<int:profile_id>/consent/ask/": (Profile, {"email": "ada@example.com"}),
    "messages/<int:message_id>/retry/": (Message, {"status": "failed"}),
    "stores/<int:store_id>/retry/": (InboxDelivery, {"status": "quarantined"}),
    "stores/<int:store_id>/replay/": (InboxDelivery, {"status": "applied"}),
    "stores/deliveries/<int:delivery_id>/replay/": (InboxDelivery, {"status": "applied"}),
    "stores/<int:store_id>/pull/start/": (Store, {"platform": "woocommerce"}),
    "stores/<int:store_id>/days/check/": (Store, {"platform": "woocommerce"}),
    "stores/<int:store_id>/credentials/": (Store, {"platform": "woocommerce"}),
    "stores/deliveries/<int:delivery_id>/retry/": (InboxDelivery, {"status": "quarantined"}),
    "imports/<int:import_id>/stop/": (Job, {"status": "running"}),
    "imports/<int:import_id>/run/": (Import, {"stage": "checked"}),
    "imports/<int:import_id>/undo/": (
        Import,
        {"stage": "done", "undo_until": datetime(2100, 1, 1, tzinfo=UTC), "job_id": None},
    ),
    "jobs/<int:job_id>/cancel/": (Job, {"status": "running"}),
    "jobs/<int:job_id>/retry/": (Job, {"status": "failed"}),
    "settings/senders/rules/new/": (Sender, {"verified_at": datetime(2026, 1, 1, tzinfo=UTC)}),
    "settings/danger/resume/": (Tenant, {"status": "suspended"}),
    "settings/danger/restore/": (Tenant, {"status": "deleting"}),
    "settings/members/two-step/": (Tenant, {"requires_two_step": True}),
}
"""What must be so before it can be changed."""
OF_CONNECTED = tuple(
    f"stores/<int:store_id>/{name}/"
    for name in (
        "disconnect",
        "secret",
        "reconnect",
        "pull/start",
        "days/check",
        "credentials",
        "writing/change",
        "writing/retry",
    )
)
"""Pages of a store that has a webhook address."""
UNRECORDED = {
    "content/pictures/upload/": "no file comes with it; one that is taken in is recorded",
    "content/forms/preview/": "shows what the editor says, and keeps nothing",
    "data/emails/": "the sample has no address that can be mended",
    "segments/<int:list_id>/people/": "the sample knows nobody's address",
    "content/templates/<int:template_id>/links/": "asks addresses, and keeps nothing",
    "content/templates/<int:template_id>/words/": "asks nobody while the help is switched off",
    "content/templates/<int:template_id>/look/": "shows what is being typed, and keeps nothing",
    "flows/condition/": "counts who meets a condition, and keeps nothing",
    "flows/<int:flow_id>/look/": "says what a draft means, and keeps nothing",
    "campaigns/<int:campaign_id>/schedule/": "the sample is sent already",
    "segments/preview/": "counts what a definition would change, and saves nothing",
    "segments/<int:segment_id>/restore/": "nothing in the trail tells of the sample's versions",
    "profiles/columns/": "which columns one person sees changes nothing for others",
    "notices/aside/": "what one person put aside waits for the others as before",
    "settings/notices/": "which mails one person gets changes nothing for others",
    "settings/webhooks/<int:webhook_id>/test/": "posts a test, and changes nothing",
    "settings/channels/new/": "the address names no provider, so all are offered",
    "settings/channels/<int:channel_id>/prices/": "the sample sends mail, which has no price",
    "settings/channels/<int:channel_id>/check/": "asks the provider once, and keeps nothing",
    "settings/channels/<int:channel_id>/resume/": "the sample is not paused",
    "settings/senders/<int:sender_id>/": "the sample cannot be changed",
    "settings/domains/<int:domain_id>/remove/": "the sample has a sender, so it stays",
    "settings/senders/<int:sender_id>/default/": "the sample is the default already",
    "settings/senders/<int:sender_id>/remove/": "the sample is the default, which stays",
    "settings/senders/<int:sender_id>/verify/": "sends a link; following it is what is recorded",
    "settings/domains/<int:domain_id>/check/": "asks for a check; what it finds is recorded",
    "settings/deliverability/check/": "asks for a check; what it finds is recorded",
    "settings/deliverability/links/": "the sample has a domain for links, which stays",
    "stores/<int:store_id>/credentials/test/": "asks the shop once, and keeps nothing",
    "stores/<int:store_id>/webhooks/register/": "recorded once the shop has made them",
    "imports/klaviyo/": "asks Klaviyo; a key that is good is recorded",
    "get-started/hide/": "the first steps are put away on one person's pages, or brought back",
}
"""Pages that take a POST and change nothing of the tenant, with the reason."""


@pytest.fixture
def tenant(own_tenant: Tenant) -> Tenant:
    """The tenant of the module's world."""
    return own_tenant


@pytest.fixture
def ids(own_ids: dict[str, int]) -> dict[str, int]:
    """One of each thing."""
    return own_ids


@pytest.fixture
def client(tenant: Tenant) -> Client:
    """Signed in as an owner who has a second step."""
    member = make_member(tenant, Role.OWNER, "ada@soap.example")
    TOTP.activate(member.user, generate_totp_secret())
    found = Client()
    found.force_login(member.user)
    return found


def fill(path: str, ids: dict[str, int]) -> str:
    return re.sub(r"<int:(\w+)>", lambda found: str(ids[found[1]]), path)


def test_every_page_that_takes_a_post_is_listed(
    tenant: Tenant, ids: dict[str, int], client: Client
) -> None:
    takes = {
        page.path
        for page in PAGES
        if "POST" in client.put(f"/t/{tenant.slug}/{fill(page.path, ids)}").headers.get("Allow", "")
    }
    assert takes == set(CHANGES) | set(UNRECORDED)


def name_list(data: dict[str, Any], ids: dict[str, int]) -> None:
    """Put the id of the list, the store, the segment or the flow where one is asked for."""
    named = {"segment": "segment_id", "segments": "segment_id", "flow": "flow_id"}
    data |= {word: ids[name] for word, name in named.items() if data.get(word) == ()}
    if "store" in data:
        data["store"] = ids["connected_id"]
    if "list" in data:
        data["list"] = ids["list_id"]
    if "sender" in data:
        data["sender"] = ids["sender_id"]


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_by_a_page_is_in_the_trail(
    tenant: Tenant, ids: dict[str, int], client: Client, path: str
) -> None:
    if path in OF_CONNECTED:
        ids["store_id"] = ids["connected_id"]
    if "logo" in path:
        Brand.objects.update_or_create(defaults={"logo_name": "logo.png"})
    if "reconnect" in path:
        disconnect_store(ids["store_id"], actor="system")
    if "writing/retry" in path:
        switch_on(ids["store_id"], "codes", {}, actor="system")
    if path in BEFOREHAND:
        model, values = BEFOREHAND[path]
        model._default_manager.update(**values)
    last = AuditEntry.objects.order_by("-pk")[0].pk
    SavedView.objects.update(user_id=tenant.members.get(user__email="ada@soap.example").user_id)
    Note.objects.update(user_id=tenant.members.get(user__email="ada@soap.example").user_id)
    if "with" in CHANGES[path]:
        CHANGES[path]["with"] = make_profile().pk
    name_list(CHANGES[path], ids)
    chosen = ids["duplicate_id" if "duplicates" in path else "profile_id"]
    data = {**CHANGES[path], **({"ids": [chosen]} if "ids" in CHANGES[path] else {})}
    answer = client.post(f"/t/{tenant.slug}/{fill(path, ids)}", data)
    assert answer.status_code in {200, 201, 302}
    made = list(AuditEntry.objects.filter(pk__gt=last))
    assert made != []
    for entry in made:
        assert entry.actor == "ada@soap.example"
        assert entry.action in ACTIONS
        assert entry.object_type in OBJECTS
        told = entry.before is not None or entry.after is not None
        assert told or entry.action == "store.secret_changed"  # a secret is never told


CALLS: dict[str, Any] = {
    "profiles/": {"email": "eve@example.com", "first_name": "Eve"},
    "profiles/{profile_id}/export/": {},
    "inbox/{delivery_id}/retry/": {},
}


@pytest.mark.parametrize("path", CALLS)
def test_a_change_by_a_key_is_in_the_trail(
    tenant: Tenant, ids: dict[str, int], broker: object, path: str
) -> None:
    InboxDelivery.objects.update(status="quarantined")
    entry = _call(tenant, path.format(**ids), CALLS[path])
    assert entry.action in ACTIONS


def test_a_merge_by_a_key_and_its_undoing_are_in_the_trail(tenant: Tenant, broker: object) -> None:
    winner, loser = make_profile().pk, make_profile().pk
    body = {"winner_id": str(winner), "loser_ids": [str(loser)]}
    merged = _call(tenant, "profiles/merge/", body)
    assert (merged.action, merged.after) == (
        "profile.merged",
        {"winner_id": winner, "loser_ids": [loser]},
    )
    undone = _call(tenant, f"profiles/{winner}/unmerge/", {})
    assert (undone.action, undone.object_id) == ("profile.unmerged", str(loser))


def test_an_erasure_by_a_key_is_in_the_trail(
    tenant: Tenant, ids: dict[str, int], broker: object
) -> None:
    secret = make_key(tenant)
    call_with(secret).delete(f"/api/v1/profiles/{ids['profile_id']}/")
    entry = AuditEntry.objects.get(action="profile.erased")
    assert entry.actor == f"key:{ApiKey.objects.order_by('-pk')[0].hint}"
    assert describe_actor(entry.actor).startswith("API key sk_")


def test_the_trail_keeps_no_personal_detail_of_a_shopper(tenant: Tenant, broker: object) -> None:
    body = {"email": "eve@example.com", "first_name": "Eve"}
    entry = _call(tenant, "profiles/", body)
    assert entry.after == {"fields": ["email", "first_name"]}


def _call(tenant: Tenant, path: str, body: Any) -> AuditEntry:
    secret = make_key(tenant)
    last = AuditEntry.objects.order_by("-pk")[0].pk
    data = json.dumps(body)
    answer = call_with(secret).post(f"/api/v1/{path}", data, content_type="application/json")
    assert answer.status_code in {200, 201}, answer.content
    entry = AuditEntry.objects.get(pk__gt=last)
    assert entry.actor == f"key:{ApiKey.objects.order_by('-pk')[0].hint}"
    return entry


CALL = re.compile(r"(?:record|record_change|record_for_person)\(\s*(?:\w+,\s*)?\"(\w+\.\w+)\"")


def test_every_action_that_is_recorded_has_words() -> None:
    found = {
        action
        for app in settings.INSTALLED_APPS[:9]
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py")
        for action in CALL.findall(path.read_text("utf-8"))
    }
    assert len(found) > 30
    assert found - set(ACTIONS) == set()
