"""Writing help: what leaves, what comes back, what is kept, and every way in which it fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings

from kernel.errors import Conflict, Invalid
from kernel.secrets import decrypt
from messaging.channels import writing_help as provider
from messaging.domain.writing_help import Wish, hide_people, parts_of, read_proposals
from messaging.errors import WritingUnavailable
from messaging.models import Template, WritingHelp
from messaging.services.authoring import Draft, create_template
from messaging.services.writing_help import HelpData, propose, save_settings
from messaging.views.writing_help import TOO_OFTEN
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in
from tests.support.chat_api import KEY, MODEL, ChatApi, completion, fault, serve_chat

pytestmark = pytest.mark.covers("M7")

ADA = "ada@example.com"
SUBJECT = parts_of("email")["subject"]


@pytest.fixture
def api() -> Iterator[ChatApi]:
    with serve_chat() as found:
        yield found


@pytest.fixture
def template(tenant: Tenant) -> Template:
    draft = Draft("Spring", "sms", "service", text="Hello, our spring soap is here.")
    return create_template(draft, actor=ADA)


@pytest.fixture
def helped(tenant: Tenant, api: ChatApi, template: Template) -> Template:
    """A template of a tenant whose writing help is switched on."""
    save_settings(HelpData(True, api.url, MODEL, KEY, "Calm and short."), actor=ADA)
    AuditEntry.objects.all().delete()
    return template


def ask(template: Template, **fields: Any) -> list[str]:
    values = {"channel": "email", "part": "subject", "old": "Hello"}
    return list(propose(template.pk, Wish(**{**values, **fields}), "", actor=ADA).proposals)


def told_of_asking() -> dict[str, Any]:
    """Return what the trail tells of the one time that words were asked for."""
    after: dict[str, Any] = AuditEntry.objects.get(action="writing_help.asked").after or {}
    return after


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to zoe@example.com today", "Write to [hidden] today"),
        ("Call +43 660 123 45 67 now", "Call [hidden] now"),
        ("Call (0)20-7946-0958", "Call ([hidden]"),
        ("10% off from 1 May, £12.50 each", "10% off from 1 May, £12.50 each"),
        ("{{ person.first_name }}, 2 for 1", "{{ person.first_name }}, 2 for 1"),
    ],
)
def test_addresses_and_numbers_are_blotted_out(text: str, left: str) -> None:
    assert hide_people(text) == left


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"proposals": ["One", " Two\\n lines ", "One", "Hello", 3]}', ["One", "Two lines"]),
        ('Sure!\n```json\n{"proposals": ["One"]}\n```', ["One"]),
        ('["One", "Two"]', ["One", "Two"]),
        ('{"proposals": ["a", "b", "c", "d"]}', ["a", "b", "c"]),
        (json.dumps({"proposals": ["x" * 151, "One\u0000"]}), ["One"]),
        ('{"proposals": "One"}', []),
        ('{"other": ["One"]}', []),
        ("One\nTwo", []),
        ("{broken", []),
        ("", []),
    ],
)
def test_what_of_an_answer_can_be_used(answer: str, found: list[str]) -> None:
    assert read_proposals(answer, SUBJECT, "Hello") == found


def test_proposals_come_back_and_no_more_leaves_than_is_said(
    helped: Template, api: ChatApi
) -> None:
    found = ask(
        helped,
        old="Hello {{ person.first_name }}",
        around="Questions? zoe@example.com",
        goal="Invite to the sale",
        language="German",
    )

    assert found == ["Spring is here", "Soap for spring", "A clean start"]
    [asked] = api.asked
    assert sorted(asked) == ["messages", "model"]
    assert [each["role"] for each in asked["messages"]] == ["system", "user"]
    assert "Write in German." in asked["messages"][0]["content"]
    assert json.loads(asked["messages"][1]["content"]) == {
        "goal": "Invite to the sale",
        "how_the_brand_speaks": "Calm and short.",
        "text_now": "Hello {{ person.first_name }}",
        "rest_of_the_message": "Questions? [hidden]",
    }


def test_addresses_are_told_where_somebody_ticks_it(helped: Template, api: ChatApi) -> None:
    ask(helped, goal="Greet zoe@example.com", tells_people=True)

    assert "zoe@example.com" in api.asked[0]["messages"][1]["content"]
    assert told_of_asking()["tells_people"] is True


def test_a_proposal_that_names_what_nobody_knows_is_left_out(
    helped: Template, api: ChatApi
) -> None:
    told = ["Hi {{ person.first_name }}", "Hi {{ person.shoe_size }}", "Hi {% if"]
    api.said = json.dumps({"proposals": told})

    found = propose(helped.pk, Wish("email", "subject"), "", actor=ADA)

    assert (list(found.proposals), found.unfit) == (["Hi {{ person.first_name }}"], 2)


def test_the_audit_trail_tells_who_asked_whom_and_no_words(helped: Template) -> None:
    ask(helped, goal="Invite to the sale")

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.object_id) == (
        "writing_help.asked",
        ADA,
        str(helped.pk),
    )
    assert entry.after == {
        "part": "subject",
        "host": "127.0.0.1",
        "model": MODEL,
        "tells_people": False,
        "outcome": "3 proposed",
    }


FAULTS: list[tuple[int, dict[str, str], dict[str, Any] | bytes, str]] = [
    (401, {}, fault("Incorrect API key", "invalid_request_error"), "does not take the key"),
    (403, {}, fault("No", "permission_error"), "does not take the key"),
    (404, {}, fault("No model", "invalid_request_error"), "knows no such model"),
    (429, {"Retry-After": "20"}, fault("Slow", "requests"), "Try again in 20 seconds."),
    (429, {}, fault("Slow", "requests", "rate_limit_exceeded"), "Try again in a moment."),
    (429, {}, fault("Pay", "insufficient_quota", "insufficient_quota"), "no credit left"),
    (400, {}, fault("Too long", "invalid_request_error"), "refused the request (400): Too long."),
    (307, {"Location": "https://x.example/"}, b"", "leads elsewhere"),
    (503, {}, b"<html>Busy</html>", "has a fault of its own (503)"),
    (200, {}, b"<html>Hello</html>", "cannot be read"),
    (200, {}, {"choices": []}, "cannot be read"),
    (200, {}, {"choices": [{"message": None}]}, "cannot be read"),
    (200, {}, completion(None), "cannot be read"),
    (200, {}, completion("x", "content_filter"), "declined to write this"),
    (200, {}, completion("I would rather not."), "holds no proposal"),
    (200, {}, b"[" * 100_000, "cannot be read"),
    (200, {}, b"x" * 300_000, "the answer is too large"),
]


@pytest.mark.parametrize(("status", "headers", "body", "words"), FAULTS)
def test_each_fault_is_told_in_words_and_recorded(
    helped: Template,
    api: ChatApi,
    status: int,
    headers: dict[str, str],
    body: dict[str, Any] | bytes,
    words: str,
) -> None:
    api.reply = (status, headers, body)

    with pytest.raises(WritingUnavailable) as told:
        ask(helped)

    assert words in str(told.value)
    assert told_of_asking()["outcome"] == "no answer"


def test_a_server_that_says_nothing_is_left(
    helped: Template, api: ChatApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.stalls = True
    monkeypatch.setattr(provider, "TOTAL_SECONDS", 0.2)

    with pytest.raises(WritingUnavailable, match="did not answer: no answer came in time"):
        ask(helped)


@override_settings(OUTGOING_PRIVATE=False)
def test_no_address_of_a_private_network_is_asked(helped: Template, api: ChatApi) -> None:
    with pytest.raises(WritingUnavailable, match="its address lies in a private network"):
        ask(helped)

    assert api.asked == []


def test_nothing_is_asked_while_it_is_switched_off(template: Template, api: ChatApi) -> None:
    with pytest.raises(Conflict):
        ask(template)
    save_settings(HelpData(False, api.url, MODEL, KEY), actor=ADA)
    with pytest.raises(Conflict):
        ask(template)

    assert api.asked == []


def test_the_key_is_kept_encrypted_and_stays_with_its_host(tenant: Tenant) -> None:
    data = HelpData(True, "https://models.example/v1/", "small", KEY)
    save_settings(data, actor=ADA)
    save_settings(HelpData(True, "https://models.example/v2", "large"), actor=ADA)

    with pytest.raises(Invalid) as refused:
        save_settings(HelpData(True, "https://thief.example/v1", "large"), actor=ADA)

    assert list(refused.value.fields) == ["key"]
    row = WritingHelp.objects.get()
    assert (row.base_url, row.model) == ("https://models.example/v2", "large")
    assert KEY not in row.key_encrypted
    assert decrypt(row.key_encrypted) == KEY
    entries = list(AuditEntry.objects.order_by("pk"))
    assert [entry.action for entry in entries] == ["writing_help.changed"] * 2
    assert KEY not in json.dumps([[entry.before, entry.after] for entry in entries])


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("base_url", {"base_url": "ftp://models.example"}),
        ("base_url", {"base_url": "https://ada:pw@models.example/v1"}),
        ("base_url", {"base_url": "https://models.example/v1?key=1"}),
        ("base_url", {"base_url": "https://models.example:port/"}),
        ("model", {"model": " "}),
        ("tone", {"tone": "x" * 1_001}),
        ("key", {"key": "two words"}),
        ("key", {"key": "kéy"}),
    ],
)
def test_settings_that_cannot_be_are_refused(
    tenant: Tenant, field: str, fields: dict[str, Any]
) -> None:
    values: dict[str, Any] = {"base_url": "https://models.example/v1", "model": "small"}
    with pytest.raises(Invalid) as refused:
        save_settings(HelpData(True, **{**values, **fields}), actor=ADA)

    assert list(refused.value.fields) == [field]
    assert WritingHelp.objects.count() == 0


@pytest.fixture
def client(tenant: Tenant) -> Client:
    return sign_in(tenant)


def test_the_editor_offers_it_once_it_is_switched_on(
    tenant: Tenant, client: Client, template: Template, api: ChatApi
) -> None:
    settings_page = f"/t/{tenant.slug}/settings/writing-help/"
    editor = f"/t/{tenant.slug}/content/templates/{template.pk}/edit/"
    assert "data-writing-help" not in client.get(editor).content.decode()

    refused = client.post(settings_page, {"is_on": "on", "base_url": "nowhere", "model": MODEL})
    assert refused.status_code == 422
    posted = {"is_on": "on", "base_url": api.url, "model": MODEL, "key": KEY}
    assert client.post(settings_page, posted).status_code == 302

    shown = client.get(settings_page).content.decode()
    assert "One is stored." in shown
    assert KEY not in shown
    assert "data-writing-help" in client.get(editor).content.decode()


def test_a_member_sees_old_and_new_and_what_is_taken_is_recorded(
    tenant: Tenant, client: Client, helped: Template, api: ChatApi
) -> None:
    base = f"/t/{tenant.slug}/content/templates/{helped.pk}/"
    asked = {"help_part": "text", "help_goal": "Shorter", "text": helped.text}

    shown = client.post(f"{base}words/", asked).content.decode()

    assert "Hello, our spring soap is here." in shown
    assert shown.count(">Take it</button>") == 3
    assert 'data-help-words="Soap for spring"' in shown
    AuditEntry.objects.all().delete()
    form = {"name": "Spring", "message_class": "service", "text": "Soap for spring"}
    client.post(f"{base}edit/", {**form, "helped": "text,nonsense"})
    actions = {entry.action: entry.after for entry in AuditEntry.objects.all()}
    assert sorted(actions) == ["template.changed", "writing_help.taken"]
    assert actions["writing_help.taken"] == {"parts": ["text"]}


def test_a_fault_and_too_many_questions_are_shown_in_the_editor(
    tenant: Tenant, client: Client, helped: Template, api: ChatApi, settings: Any
) -> None:
    path = f"/t/{tenant.slug}/content/templates/{helped.pk}/words/"
    api.reply = (429, {"Retry-After": "7"}, fault("Slow", "requests"))
    assert "Try again in 7 seconds." in client.post(path, {"help_part": "text"}).content.decode()
    assert "Choose a part." in client.post(path, {"help_part": "mjml"}).content.decode()

    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "writing_help": "1/m/user"}
    client.post(path, {"help_part": "text"})
    asked = len(api.asked)
    assert TOO_OFTEN in client.post(path, {"help_part": "text"}).content.decode()
    assert len(api.asked) == asked
