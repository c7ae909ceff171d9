"""Previews, tests and the check before sending: the real renderer, and nothing that counts."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from crm.models import ConsentEvent, Event, Product, Profile, ProfileFacts, Store
from kernel.batches import Deadline
from kernel.errors import Invalid, NotFound
from kernel.http import Answer, HttpUnavailable
from kernel.http import Client as HttpClient
from messaging.domain.own_templates import YOUR_DATA
from messaging.models import Message, Sender, SenderRule, Template, Touch
from messaging.services import authoring, trying
from messaging.services.authoring import Draft
from messaging.services.library import ensure_template
from messaging.services.previews import preview_template
from messaging.services.reviewing import check_links, review_email
from messaging.services.sending import send_due
from messaging.services.trials import list_addresses, send_test
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient
from tests.factories.samples import make_domain
from tests.factories.tenants import make_member, sign_in
from tests.messaging.test_authoring import body, draft
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.covers("M6")

BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1"
LINK = '<a href="https://shop.example/soap">Soap</a>'


@pytest.fixture
def template(shop: Tenant) -> Template:
    make_member(shop, Role.MARKETER, "eve@soap.example")
    return authoring.create_template(
        draft(subject="Hello {{ person.first_name }}", mjml=body(f"Dear reader {LINK}"))
    )


def test_a_preview_is_what_is_sent_with_links_that_lead_nowhere(template: Template) -> None:
    ada = make_recipient(first_name="Zoë")

    tried = preview_template(template, ada.pk)

    assert tried.rendered is not None
    assert tried.rendered.subject == "Hello Zoë"
    assert '<a href="#">Unsubscribe</a>' in tried.rendered.html
    assert tried.reader.id == ada.pk
    assert preview_template(template, 0).reader.id == 0
    assert not Message.objects.exists()


def test_a_preview_is_light_or_dark_whatever_the_browser_wants(template: Template) -> None:
    shown = {
        scheme: preview_template(template, scheme=scheme).rendered for scheme in ("light", "dark")
    }

    assert shown["light"] is not None
    assert shown["dark"] is not None
    assert "@media not all" in shown["light"].html
    assert "@media all" in shown["dark"].html
    assert "prefers-color-scheme" not in shown["dark"].html


def test_what_one_reader_lacks_is_said_in_words(shop: Tenant) -> None:
    made = authoring.create_template(
        draft(message_class="transactional", mjml=body("Order {{ order.number }}"))
    )

    assert preview_template(made).problem == ""
    tried = preview_template(made, make_recipient().pk)
    assert tried.rendered is None
    assert tried.problem == "'order' is undefined"


def test_an_event_and_a_coupon_are_made_up(shop: Tenant) -> None:
    values = trying.values_for({"event", "coupon"}, trying.find_reader(make_recipient().pk))

    assert values["event"]["cart_url"] == "[cart_url]"
    assert values["coupon"]["code"] == "HELLO-1234"


def link_in(html: str, kind: str) -> str:
    [found] = re.findall(rf"https?://[^\"]+(/{kind}/[^\"]+)", html)
    return str(found)


def test_a_test_goes_to_a_colleague_and_says_nothing_about_the_person(
    template: Template, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    ada = make_recipient(email="ada@example.com", first_name="Zoë", email_consent="unsubscribed")
    sent = send_test(template.pk, ["eve@soap.example"], profile_id=ada.pk, actor="eve@soap.example")
    send_due(Deadline(seconds=None))

    [mail] = smtp.mails
    assert sent == 1
    assert (smtp.recipients, mail["Subject"]) == (["eve@soap.example"], "[Test] Hello Zoë")
    told = AuditEntry.objects.get(action="template.tested").after
    assert told == {"name": "Spring news", "to": ["eve@soap.example"]}
    part = mail.get_body(("html",))
    assert part is not None
    html = str(part.get_content())
    noon.shift(timedelta(minutes=1))
    client = Client(headers={"user-agent": BROWSER})
    assert client.get(urlsplit(link_in(html, "c")).path).status_code == 302
    client.post(urlsplit(link_in(html, "u")).path, {"List-Unsubscribe": "One-Click"})

    message = Message.objects.get()
    assert (message.status, message.address) == ("sent", "eve@soap.example")
    assert message.clicked_at is not None
    assert [touch.kind for touch in Touch.objects.filter(profile=ada)] == ["clicked"]
    assert not Event.objects.filter(name__startswith="Message").exists()
    assert not ConsentEvent.objects.exists()
    assert not ProfileFacts.objects.filter(last_clicked_at__isnull=False).exists()


@pytest.mark.parametrize(
    "addresses", [[], [f"x{number}@soap.example" for number in range(6)], ["x@y.example"]]
)
def test_a_test_goes_to_colleagues_alone_and_to_few(
    template: Template, addresses: list[str]
) -> None:
    make_recipient()

    with pytest.raises(Invalid):
        send_test(template.pk, addresses, profile_id=None, actor="eve@soap.example")

    assert not Message.objects.exists()
    assert list_addresses() == ["eve@soap.example"]


def test_a_test_needs_a_template_and_somebody(template: Template) -> None:
    with pytest.raises(Invalid, match="nobody yet"):
        send_test(template.pk, ["eve@soap.example"], profile_id=None, actor="a@b.example")
    with pytest.raises(NotFound):
        send_test(template.pk, ["eve@soap.example"], profile_id=999, actor="a@b.example")
    with pytest.raises(NotFound):
        send_test(0, ["eve@soap.example"], profile_id=None, actor="a@b.example")


def found_in(said: Draft) -> list[tuple[str, str]]:
    return [(each.tone, each.title) for each in review_email(said).findings]


def test_the_check_says_what_is_wrong_for_whom(shop: Tenant) -> None:
    for number in range(4):
        make_recipient(first_name="Ada" if number else "")
    said = draft(
        subject="HELLO {{ person.first_name }}!!",
        mjml=body(
            "{{ person.first_name }} <a href='shop.example'>x</a>"
            "<a href='https://a.example'></a><img src='https://a.example/p.png'>"
        ),
    )

    review = review_email(said).findings
    found = [(each.tone, each.title) for each in review]

    [lacking] = [each for each in review if "lack a value" in each.title]
    assert (lacking.title, lacking.where) == (
        "25% of 4 people lack a value",
        "person.first_name is empty",
    )
    assert ("warn", "The subject shouts") in found
    assert ("warn", "There is no preview text") in found
    assert ("warn", "1 picture without words") in found
    assert ("warn", "1 link without words") in found
    assert ("bad", "1 link that lead nowhere") in found
    assert ("warn", "ada-soap.example is not set up as your domain") in found
    assert ("good", "There is an unsubscribe link") in found
    assert [tone for tone, _ in found] == sorted(
        (tone for tone, _ in found), key=["bad", "warn", "good"].index
    )


@pytest.mark.covers("M9")
def test_the_check_judges_every_sender_that_a_rule_may_choose(shop: Tenant) -> None:
    missing = {"state": "missing", "known": "missing", "words": ""}
    make_domain(domain="paris.example", findings={"dkim": missing})
    Sender.objects.create(name="Eve", email="eve@never.example")
    for number, address in enumerate(("bonjour@paris.example", "moin@bremen.example"), 1):
        chosen = Sender.objects.create(name="Sender", email=address)
        SenderRule.objects.create(sender=chosen, position=number, trait="country", wanted=["FR"])

    found = [each for each in review_email(draft()).findings if "@" in each.where]

    assert [(each.tone, each.title, each.where) for each in found] == [
        ("bad", "DKIM of paris.example fails", "bonjour@paris.example, whom a rule may choose"),
        ("warn", "ada-soap.example is not set up as your domain", "hello@ada-soap.example"),
        (
            "warn",
            "bremen.example is not set up as your domain",
            "moin@bremen.example, whom a rule may choose",
        ),
    ]


def test_the_check_names_who_would_be_skipped_and_what_is_sold_out(shop: Tenant) -> None:
    make_recipient()
    store = Store.objects.create(name="S", platform="custom", currency="GBP", timezone="UTC")
    soap = Product.objects.create(
        store=store, external_id="1", title="Soap", image_url="https://a/p.png", stock_state="out"
    )
    chosen = f'<mj-product-grid source="chosen" ids="{soap.pk}"></mj-product-grid>'
    said = draft(
        mjml=body(
            "{{ loyalty.expires_at | day }} <a href='{{ unsubscribe_url }}'>Unsubscribe</a>",
            inside=chosen,
        )
    )

    found = found_in(said)

    assert ("warn", "Soap is out of stock") in found
    assert ("bad", "100% of 1 people lack a value") in found
    assert found_in(draft(mjml=body(inside="")))[0][0] == "bad"


def test_links_are_asked_once_and_what_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(self: Any, url: str, start: int, size: int) -> Answer:
        del self, start, size
        if "down" in url:
            raise HttpUnavailable("no answer came in time")
        return Answer({"gone": 404, "shy": 403}.get(url.rpartition("/")[2], 200), {}, b"")

    monkeypatch.setattr(HttpClient, "get_span", answer)
    links = [(f"https://a.example/{name}", name) for name in ("fine", "gone", "shy", "down")]

    assert [(each.tone, each.title) for each in check_links(links)] == [
        ("bad", "gone: answers 404"),
        ("warn", "shy: answers 403, so it could not be looked at from here"),
        ("bad", "down: no answer came in time"),
        ("good", "1 of 4 links answer"),
    ]
    assert check_links([]) == []


def test_a_mail_that_gmail_cuts_is_said_so(shop: Tenant) -> None:
    found = found_in(draft(mjml=body("word " * 25_000)))
    assert any(title.startswith("The mail has 1") and tone == "bad" for tone, title in found)


def test_the_pages_of_a_template(template: Template, shop: Tenant) -> None:
    client = sign_in(shop)
    path = f"/t/{shop.slug}/content/templates/"
    ada = make_recipient(first_name="Zoë", last_name="Zimt", email_norm="zimt@example.com")

    own = ensure_template(YOUR_DATA)
    listed = client.get(path).text
    assert "Spring news" in listed
    # Nothing uses either, and yet Patron sends one of them.
    asked = "Sent when somebody asks for a copy of their data"
    assert (listed.count("Not used yet"), listed.count(asked)) == (1, 1)
    assert asked in client.get(f"{path}{own}/").text
    assert f"{template.pk}/frame/" in listed
    assert "Spring news" not in client.get(f"{path}?q=autumn").text

    shown = client.get(f"{path}{template.pk}/?person={ada.pk}&scheme=dark&width=375")
    assert "Hello Zoë" in shown.text
    frame = client.get(f"{path}{template.pk}/frame/?person={ada.pk}&scheme=dark")
    assert "Dear reader" in frame.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "Zimt" in client.get(f"{path}{template.pk}/people/?q=zimt@example.com").text
    assert "Dear reader" in client.get(f"{path}{template.pk}/?part=text").text

    edit = client.get(f"{path}{template.pk}/edit/")
    policy = edit.headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src" not in policy
    assert "default-src 'self'" in policy


def test_the_form_shows_the_error_at_its_block_and_keeps_what_was_typed(
    template: Template, shop: Tenant
) -> None:
    client = sign_in(shop)
    path = f"/t/{shop.slug}/content/templates/{template.pk}/edit/"
    typed = {
        "name": "Spring news",
        "message_class": "promotional",
        "subject": "Kept",
        "mjml": body(inside='<mj-product-grid count="99"></mj-product-grid>'),
    }

    refused = client.post(path, typed)

    assert refused.status_code == 422
    assert "block 1, product grid: how many is not between 1 and 12" in refused.text
    assert 'value="Kept"' in refused.text
    assert Template.objects.get(pk=template.pk).subject == template.subject

    saved = client.post(path, {**typed, "mjml": body(), "then": "check"})
    assert saved.status_code == 302
    assert saved.headers["Location"].endswith("/check/")
    stale = client.post(path, {**typed, "mjml": body("Other"), "version": "1-0"})
    assert stale.status_code == 422
    assert "Somebody saved this template" in stale.text


def test_products_for_a_block_are_found_by_name_and_by_id(shop: Tenant) -> None:
    store = Store.objects.create(name="S", platform="custom", currency="GBP", timezone="UTC")
    soap = Product.objects.create(
        store=store, external_id="1", title="Lemon soap", image_url="https://a/p.png"
    )
    client = sign_in(shop)
    path = f"/t/{shop.slug}/content/templates/products/"

    expected = {"products": [{"id": str(soap.pk), "title": "Lemon soap"}]}
    assert client.get(f"{path}?q=lemon").json() == expected
    assert client.get(f"{path}?ids={soap.pk},x").json() == expected
    assert client.get(f"{path}?q=mint").json() == {"products": []}
    assert Profile.objects.count() == 0


def test_an_sms_is_counted_in_parts_while_it_is_typed(shop: Tenant) -> None:
    made = authoring.create_template(draft(channel="sms", text="Hi {{ person.first_name }}"))
    client = sign_in(shop)
    path = f"/t/{shop.slug}/content/templates/{made.pk}/"

    shown = client.post(f"{path}look/", {"text": "{{ person.first_name }} " + "x" * 157})
    assert "161 characters for this reader, 2 SMS parts" in shown.text
    assert "Hi Ada" in client.get(path).text
    assert "1 SMS part," in client.get(f"{path}edit/").text
    broken = client.post(f"{path}look/", {"text": "{{ person.first_name"})
    assert "This cannot be shown yet" in broken.text
