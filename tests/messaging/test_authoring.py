"""Templates as members make them: saved, refused, copied, put away, and in languages."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound, Outdated
from messaging.choices import MessageClass
from messaging.errors import TemplateInvalid
from messaging.models import Message, Template, TemplateVariant, Topic
from messaging.queries.languages import choose_locale
from messaging.services import authoring
from messaging.services.authoring import Draft, version_of
from messaging.services.sending import send_due
from tenants.models import AuditEntry, Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.messaging import make_recipient, queue_message
from tests.factories.tenants import call_with, make_key
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.covers("M6")

FOOTER = "<mj-brand-footer></mj-brand-footer>"


def body(words: str = "Hello", inside: str = FOOTER) -> str:
    section = f"<mj-section><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"
    return f'<mjml look="brand"><mj-body>{section}{inside}</mj-body></mjml>'


def draft(**fields: Any) -> Draft:
    values: dict[str, Any] = {
        "name": "Spring news",
        "channel": "email",
        "message_class": "promotional",
        "subject": "Hello",
        "mjml": body(),
    }
    return Draft(**{**values, **fields})


@pytest.fixture
def template(tenant: Tenant) -> Template:
    return authoring.create_template(draft(tags=("news",)), actor="ada@example.com")


def test_a_new_template_gets_a_key_of_its_own_and_a_text_part(template: Template) -> None:
    other = authoring.create_template(draft(), actor="ada@example.com")

    assert (template.key, other.key) == ("spring_news", "spring_news_2")
    assert "Unsubscribe: {{ unsubscribe_url }}" in template.text
    assert template.tags == ["news"]
    assert [entry.action for entry in AuditEntry.objects.all()] == ["template.created"] * 2


def test_a_change_makes_a_version_and_the_same_again_makes_none(template: Template) -> None:
    assert authoring.update_template(template.pk, draft(subject="New"), actor="a@example.com")
    assert not authoring.update_template(template.pk, draft(subject="New"), actor="a@example.com")

    row = Template.objects.get(pk=template.pk)
    assert (row.version, row.subject, row.tags) == (2, "New", [])
    assert row.updated_at > template.updated_at


def test_nobody_saves_over_what_they_never_saw(template: Template) -> None:
    seen = version_of(template)
    authoring.update_template(template.pk, draft(subject="Theirs"), version=seen)

    with pytest.raises(Outdated):
        authoring.update_template(template.pk, draft(subject="Mine"), version=seen)

    assert Template.objects.get(pk=template.pk).subject == "Theirs"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"subject": ""}, "subject"),
        ({"subject": "{{ person.nickname }}"}, "subject"),
        ({"preheader": "{{ weather }}"}, "preheader"),
        ({"mjml": body("{{ brand.colour }}")}, "mjml"),
        ({"mjml": body("{{ person.first_name | nonsense }}")}, "mjml"),
        ({"mjml": body(inside="")}, "mjml"),
        ({"mjml": body(inside='<mj-product-grid count="99"></mj-product-grid>')}, "mjml"),
        ({"mjml": "x" * 400_001}, "mjml"),
        ({"text": "{% if person %}"}, "text"),
        ({"message_class": "service", "topic_id": 1}, "topic"),
        ({"topic_id": 999}, "topic"),
        ({"channel": "sms"}, "text"),
        ({"channel": "push", "text": "Hi"}, "title"),
        ({"channel": "whatsapp"}, "name"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_part(
    tenant: Tenant, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises((Invalid, TemplateInvalid)) as refused:
        authoring.create_template(draft(**fields))

    assert field in refused.value.fields
    assert not Template.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_copy_has_everything_but_the_name_and_the_key(template: Template) -> None:
    topic = Topic.objects.create(name="News")
    authoring.update_template(template.pk, draft(topic_id=topic.pk))
    authoring.save_variant(template.pk, "de", draft(subject="Hallo"))

    copy = authoring.duplicate_template(template.pk, actor="ada@example.com")

    assert (copy.name, copy.key) == ("Spring news, copy", "spring_news_copy")
    assert (copy.topic_id, copy.content["locales"]) == (topic.pk, ["de"])
    assert TemplateVariant.objects.get(template=copy).subject == "Hallo"


def test_what_a_flow_sends_is_neither_archived_nor_deleted(template: Template) -> None:
    graph = definition({"note": message_node() | {"template": template.key, "next": "end"}})
    make_flow(graph, name="Hello flow")

    with pytest.raises(Conflict, match="Hello flow"):
        authoring.archive_template(template.pk, is_archived=True)
    with pytest.raises(Conflict, match="Hello flow"):
        authoring.delete_template(template.pk)

    assert Template.objects.filter(pk=template.pk, is_archived=False).exists()


def test_an_unused_template_is_archived_brought_back_and_deleted(template: Template) -> None:
    assert authoring.archive_template(template.pk, is_archived=True)
    assert not authoring.archive_template(template.pk, is_archived=True)
    assert authoring.archive_template(template.pk, is_archived=False)
    assert authoring.delete_template(template.pk) == "Spring news"
    with pytest.raises(NotFound):
        authoring.delete_template(template.pk)


def test_what_was_sent_is_kept(template: Template) -> None:
    queue_message(make_recipient(), template)

    with pytest.raises(Conflict, match="Archive it instead"):
        authoring.delete_template(template.pk)

    assert Template.objects.filter(pk=template.pk).exists()


@pytest.mark.parametrize(
    ("own", "chosen"),
    [("de-AT", "de-AT"), ("de_at", "de-AT"), ("de-CH", "de"), ("de", "de"), ("fr", ""), ("", "")],
)
def test_people_get_their_language_else_its_main_one(own: str, chosen: str) -> None:
    assert choose_locale(["de", "de-AT", "pt-BR"], own) == chosen


@pytest.mark.covers("O9")
def test_each_reader_gets_their_language(shop: Tenant, smtp: SmtpServer) -> None:
    template = authoring.create_template(draft())
    authoring.save_variant(template.pk, "de", draft(subject="Hallo", mjml=body("Guten Tag")))
    for number, locale in enumerate(("de-CH", "en", "")):
        person = make_recipient(email=f"p{number}@example.com", locale=locale)
        queue_message(person, template)

    send_due(Deadline(seconds=None))

    assert sorted(str(mail["Subject"]) for mail in smtp.mails) == ["Hallo", "Hello", "Hello"]
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


def test_a_language_is_changed_and_removed(template: Template) -> None:
    assert authoring.save_variant(template.pk, "de", draft(subject="Hallo"))
    assert not authoring.save_variant(template.pk, "de", draft(subject="Hallo"))
    authoring.update_template(template.pk, draft(subject="Other"))
    assert Template.objects.get(pk=template.pk).content["locales"] == ["de"]

    authoring.remove_variant(template.pk, "de")

    assert "locales" not in Template.objects.get(pk=template.pk).content
    with pytest.raises(NotFound):
        authoring.remove_variant(template.pk, "de")
    with pytest.raises(Invalid):
        authoring.save_variant(template.pk, "German", draft())
    with pytest.raises(TemplateInvalid):
        authoring.save_variant(template.pk, "fr", draft(mjml=body(inside="")))
    assert not TemplateVariant.objects.exists()


def test_the_api_makes_reads_and_changes_templates(tenant: Tenant) -> None:
    api = call_with(make_key(tenant))
    new = {"name": "Spring", "class": "promotional", "subject": "Hi", "mjml": body()}

    def send(method: str, path: str, said: object, **headers: str) -> Any:
        call = getattr(api, method)
        return call(path, json.dumps(said), "application/json", headers=headers)

    made = send("post", "/api/v1/templates/", new)
    assert made.status_code == 201
    path = f"/api/v1/templates/{made.json()['id']}/"
    tag = api.get(path).headers["ETag"]
    assert made.headers["ETag"] == tag
    assert made.json()["class"] == "promotional"

    changed = send("patch", path, {"tags": ["Offer"], "subject": "Hey"}, **{"If-Match": tag})
    assert (changed.status_code, changed.json()["tags"]) == (200, ["offer"])
    assert changed.json()["version"] == 2
    assert send("patch", path, {"subject": "Late"}, **{"If-Match": tag}).status_code == 412

    refused = send("patch", path, {"mjml": body(inside="")})
    assert refused.status_code == 400
    assert "marketing needs a way out" in refused.json()["fields"]["mjml"]
    missing = send("post", "/api/v1/templates/", {"name": "x", "class": "promotional"})
    assert missing.json()["fields"].keys() == {"subject"}
    listed = api.get("/api/v1/templates/?class=promotional&channel=email").json()["results"]
    assert [row["subject"] for row in listed] == ["Hey"]


def test_content_that_nobody_could_send_is_refused_by_name(tenant: Tenant) -> None:
    api = call_with(make_key(tenant))

    def make(**said: Any) -> Any:
        new = {"name": "x", "class": "service", "channel": "sms", "text": "Hi", **said}
        return api.post("/api/v1/templates/", json.dumps(new), "application/json")

    wrong: list[Any] = [[1], {}, True, "1"]
    for sender in wrong:
        mail = {"channel": "email", "subject": "Hi", "mjml": body()}
        refused = make(**mail, content={"sender": sender})
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["sender"])
    parts = {"variables": 5, "buttons": "a", "title": {}, "utm": [1], "coupon": {}}
    refused = make(content=parts)
    assert (refused.status_code, refused.json()["fields"].keys()) == (400, parts.keys())
    places = {"name": "a", "language": "en", "category": "utility", "buttons": ["{{ weather }}"]}
    assert "weather" in str(make(channel="whatsapp", content=places).json()["fields"])
    refused = make(channel="whatsapp", content={**places, "category": "sale"})
    assert refused.json()["fields"]["category"].startswith("is none of marketing")
    kept = make(content={"locales": 5, "coupon": 1})
    assert (kept.status_code, kept.json()["content"]) == (201, {"coupon": 1})


def test_the_classes_of_marketing_need_a_way_out_and_the_others_do_not(tenant: Tenant) -> None:
    with transaction.atomic():
        made = authoring.create_template(
            replace(draft(), message_class=MessageClass.SERVICE.value, mjml=body(inside=""))
        )
    assert made.message_class == "service"
