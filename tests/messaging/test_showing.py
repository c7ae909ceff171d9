"""Parts for some people: how they are written, and that each gets what was meant for them."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Profile
from kernel.batches import Deadline
from kernel.errors import Conflict
from loyalty.models import PointsAccount, Tier
from messaging.domain.rendering import compile_template
from messaging.domain.showing import Answers, parse_condition, write_showing
from messaging.errors import TemplateInvalid
from messaging.models import Template
from messaging.queries.sending import find_recipients
from messaging.queries.showing import reader_values
from messaging.services.authoring import Draft, create_template, save_variant
from messaging.services.previews import preview_template
from messaging.services.sending import send_due
from messaging.services.templates import compile_mjml
from messaging.services.trying import pending_for
from segments.models import Membership, Segment
from segments.services.archiving import archive_segment
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, queue_message
from tests.factories.segments import make_segment
from tests.factories.tenants import sign_in
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.covers("M6")

ADA = "ada@example.com"
IF, END = '<mj-raw>{{% if reader["{}"] %}}</mj-raw>', "<mj-raw>{% endif %}</mj-raw>"


def part(words: str, show_to: str = "") -> str:
    said = f' show-to="{show_to}"' if show_to else ""
    return f"<mj-section{said}><mj-column><mj-text>{words}</mj-text></mj-column></mj-section>"


def built(*parts: str) -> str:
    return f'<mjml look="brand"><mj-body>{"".join(parts)}<mj-brand-footer /></mj-body></mjml>'


def make(*parts: str, channel: str = "email", **fields: Any) -> Template:
    said: dict[str, Any] = {"subject": "News", "mjml": built(*parts)} if parts else {}
    return create_template(Draft("News", channel, "promotional", **(said | fields)), actor=ADA)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("segment is 12", "segment is 12"),
        ("  language is  not de , de-AT ", "language is not de, de-AT"),
        ("property favourite colour is red", "property favourite colour is red"),
        ("property mood is what is it", "property mood is what is it"),
        ("tier is Who is it", "tier is Who is it"),
    ],
)
def test_a_condition_is_read_and_spelled(text: str, spelled: str) -> None:
    assert str(parse_condition(text)) == spelled


@pytest.mark.parametrize(
    "text", ["", "everybody", "segment is", "segment is ,", "is 12", 'a is "b"', "a is {{ b }}"]
)
def test_what_is_no_condition_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"no condition|say one to 50 values"):
        parse_condition(text)


def test_parts_that_go_on_from_each_other_become_one_choice() -> None:
    first = IF.format("segment is 1")
    assert write_showing(
        '<mj-text show-to="segment is 1">A</mj-text> '
        '<mj-text show-to="else segment is 2">B</mj-text>'
        '<mj-text show-to="else">C</mj-text>'
        '<mj-text show-to="tier is 3">D</mj-text><mj-text>E</mj-text>'
    ) == (
        f"{first}<mj-text>A</mj-text> "
        '<mj-raw>{% elsif reader["segment is 2"] %}</mj-raw><mj-text>B</mj-text>'
        f"<mj-raw>{{% else %}}</mj-raw><mj-text>C</mj-text>{END}"
        f"{IF.format('tier is 3')}<mj-text>D</mj-text>{END}<mj-text>E</mj-text>"
    )


def test_a_part_inside_of_another_keeps_a_choice_of_its_own() -> None:
    inner = '<mj-section><mj-text show-to="tier is 3">B</mj-text></mj-section>'

    assert write_showing(f'<mj-wrapper show-to="segment is 1">{inner}</mj-wrapper><mj-x />') == (
        f"{IF.format('segment is 1')}<mj-wrapper><mj-section>"
        f"{IF.format('tier is 3')}<mj-text>B</mj-text>{END}"
        f"</mj-section></mj-wrapper>{END}<mj-x />"
    )


@pytest.mark.parametrize(
    ("mjml", "words"),
    [
        (part("A", "else"), "stands right below a part"),
        (part("A", "segment is 1") + part("B") + part("C", "else"), "stands right below a part"),
        ('<mj-column show-to="segment is 1"></mj-column>', "cannot be shown to some alone"),
        (part("A", "whoever"), "is no condition"),
        ('<mj-section show-to="segment is 1">', "is not closed"),
    ],
)
def test_what_cannot_be_shown_to_some_is_refused(mjml: str, words: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        compile_mjml(f"<mjml><mj-body>{mjml}</mj-body></mjml>")

    assert words in refused.value.fields["mjml"]


def test_what_is_joined_from_pieces_follows_who_reads() -> None:
    html = '<p>{% if reader["tier is 3"] %}Gold {{ person.first_name }}{% else %}All{% endif %}</p>'
    kept = compile_template(subject="S", preheader="", html=html, text="t")

    def answer(yes: bool) -> Answers:
        return Answers(lambda _: yes)

    said = [
        kept.render({"reader": answer(yes), "person": {"first_name": name}})
        for name in ("Ada", "Bob", "Eve")
        for yes in (True, False)
    ]

    gold = [each.html for each in said[::2]]
    assert gold == ["<p>Gold Ada</p>", "<p>Gold Bob</p>", "<p>Gold Eve</p>"]
    assert [each.html for each in said[1::2]] == ["<p>All</p>"] * 3
    assert said[-2].pieces == ("<p>Gold ", "Eve", "</p>")


@pytest.fixture
def vip(shop: Tenant) -> Segment:
    return make_segment({"field": "order_count", "is": ">", "value": 5}, name="VIP")


def make_people(vip: Segment) -> dict[str, Profile]:
    said: dict[str, dict[str, Any]] = {
        "vip": {"locale": "de-AT"},
        "german": {"locale": "de"},
        "red": {"properties": {"colours": ["Red", "blue"]}, "country": "FR"},
        "nobody": {},
    }
    people = {
        name: make_recipient(email=f"{name}@example.com", first_name=name, **fields)
        for name, fields in said.items()
    }
    Membership.objects.create(profile=people["vip"], segment_ids=[vip.pk])
    return people


@pytest.mark.usefixtures("noon")
def test_everybody_gets_the_part_that_was_meant_for_them(
    shop: Tenant, vip: Segment, smtp: SmtpServer
) -> None:
    people = make_people(vip)
    gold = Tier.objects.create(name="Gold", rank=1)
    PointsAccount.objects.create(profile=people["nobody"], tier_id=gold.pk)
    template = make(
        part("Your gift", f"segment is {vip.pk}"),
        part("Hallo", "else language is de"),
        part("Rouge", "else property colours is red"),
        part("Hello", "else"),
        part("Not FR", "country is not FR"),
        part("Golden", f"tier is {gold.pk}"),
    )
    for person in people.values():
        queue_message(person, template)

    send_due(Deadline(seconds=None))

    wanted = ("Your gift", "Hallo", "Rouge", "Hello", "Not FR", "Golden")
    said = {
        str(mail["To"]).partition(" ")[0]: [
            [each for each in wanted if each in str(body.get_content())]
            for kind in ("html", "plain")
            if (body := mail.get_body((kind,))) is not None
        ]
        for mail in smtp.mails
    }
    assert said == {
        "vip": [["Your gift", "Not FR"]] * 2,
        "german": [["Hallo", "Not FR"]] * 2,
        "red": [["Rouge"]] * 2,
        "nobody": [["Hello", "Not FR", "Golden"]] * 2,
    }


def test_a_batch_costs_one_statement_for_each_kind_of_thing(shop: Tenant, vip: Segment) -> None:
    people = list(find_recipients([each.pk for each in make_people(vip).values()]).values())
    asked = ("segment is 1", "segment is not 1", "property colours is red", "language is de")

    def count(few: int) -> int:
        messages = [
            pending_for(person, None)._replace(id=number)
            for number, person in enumerate(people[:few], 1)
        ]
        with CaptureQueriesContext(connection) as found:
            for answers in reader_values(messages).values():
                assert [answers[text] for text in asked][1]
        return sum("segments_" in each["sql"] or "crm_" in each["sql"] for each in found)

    assert count(1) == count(4) == 2


@pytest.mark.parametrize(
    ("show_to", "words"),
    [
        ("segment is 999", "there is no segment 999"),
        ("mood is good", "nobody can be told apart by mood"),
    ],
)
def test_what_does_not_exist_is_refused_when_a_template_is_saved(
    vip: Segment, show_to: str, words: str
) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        make(part("A", show_to))
    assert refused.value.fields == {"mjml": words}

    with pytest.raises(TemplateInvalid) as refused:
        make(channel="sms", text=f'{{% if reader["{show_to}"] %}}A{{% endif %}}')
    assert refused.value.fields == {"text": words}
    with pytest.raises(TemplateInvalid, match="write the condition itself"):
        make(channel="sms", text="{{ reader }}")


def test_a_segment_that_a_template_names_is_not_put_aside(shop: Tenant, vip: Segment) -> None:
    template = make(part("A"))
    german = Draft("News", "email", "promotional", subject="Neu", mjml=built(part("A")))
    asking = replace(german, mjml=built(part("A", f"segment is {vip.pk}")))
    save_variant(template.pk, "de", asking, actor=ADA)

    with pytest.raises(Conflict, match="VIP is used by News"):
        archive_segment(vip.pk)
    shown = sign_in(shop).get(f"/t/{shop.slug}/segments/{vip.pk}/").content.decode()
    assert f"/t/{shop.slug}/content/templates/{template.pk}/" in shown

    save_variant(template.pk, "de", german, actor=ADA)
    assert archive_segment(vip.pk)


def test_a_preview_shows_the_part_of_its_reader_and_says_why(shop: Tenant, vip: Segment) -> None:
    people = make_people(vip)
    template = make(part("Your gift", f"segment is {vip.pk}"), part("Hello", "else"))
    text = f'{{% if reader["segment is {vip.pk}"] %}}Gift{{% else %}}Hello{{% endif %}}'
    push = make(channel="push", text=text, content={"title": "News"})
    client = sign_in(shop)

    def look(each: Template, person: str) -> tuple[str, bool]:
        tried = preview_template(each, people[person].pk)
        path = f"/t/{shop.slug}/content/templates/{each.pk}/?person={people[person].pk}"
        page = client.get(path).content.decode()
        judged = page.partition("Parts for some")[2].partition("Segment is VIP")
        assert judged[1]
        assert tried.rendered is not None
        return tried.rendered.text.partition("\n")[0], "Not shown" not in judged[0]

    assert look(template, "vip") == ("Your gift", True)
    assert look(template, "red") == ("Hello", False)
    assert look(push, "vip") == ("Gift", True)
    assert preview_template(template).problem == ""
    assert push.content == {"title": "News", "segments": [vip.pk]}
