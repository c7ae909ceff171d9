"""UTM parameters: what links get, what stays as it was, and who may say otherwise."""

from typing import Any

import pytest

from kernel.batches import Deadline
from kernel.errors import Invalid
from messaging.domain.utm import DEFAULTS, OFF, Utm, fill_patterns, override, tag_link
from messaging.models import Template, UtmSettings
from messaging.services.previews import preview_template
from messaging.services.sending import send_due
from messaging.services.tokens import read_link_token
from messaging.services.utm import save_utm
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import sign_in
from tests.messaging.test_public import addresses
from tests.support.smtp import SmtpServer

ADA = "ada@example.com"
ON = Utm(is_on=True, patterns=DEFAULTS)
VALUES = {"campaign": "Hello & co", "template": "Nr 1", "channel": "email", "class": "promotional"}
SAID = "utm_source=patron&utm_medium=email&utm_campaign=Hello%20%26%20co&utm_content=Nr%201"
BODY = "<a href='https://shop.example/a?x=1'>A</a> <a href='{{ unsubscribe_url }}'>Stop</a>"


@pytest.mark.parametrize(
    ("link", "tagged"),
    [
        ("https://shop.example", f"https://shop.example?{SAID}"),
        ("HTTP://shop.example/a?x=1", f"HTTP://shop.example/a?x=1&{SAID}"),
        ("https://shop.example/a?x=1&", f"https://shop.example/a?x=1&{SAID}"),
        ("https://shop.example/?", f"https://shop.example/?{SAID}"),
        ("https://shop.example/a#part", f"https://shop.example/a?{SAID}#part"),
        ("https://shop.example/#utm_x?", f"https://shop.example/?{SAID}#utm_x?"),
        ("https://shop.example/?xutm_a=1", f"https://shop.example/?xutm_a=1&{SAID}"),
    ],
)
def test_a_link_gets_the_parameters_where_they_belong(link: str, tagged: str) -> None:
    assert tag_link(link, fill_patterns(ON, VALUES)) == tagged


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example/?utm_source=mine",
        "https://shop.example/?x=1&UTM_Campaign=mine",
        "mailto:ada@shop.example",
        "tel:+4312345",
        "#",
        "https://[broken",
    ],
)
def test_a_link_of_its_own_mind_stays_as_it_is(link: str) -> None:
    assert tag_link(link, fill_patterns(ON, VALUES)) == link


def test_one_message_may_say_otherwise() -> None:
    assert override(ON, False) == OFF
    assert override(ON, None) == ON
    assert fill_patterns(override(ON, {"utm_campaign": "sale", "utm_content": ""}), VALUES) == (
        "utm_source=patron&utm_medium=email&utm_campaign=sale"
    )
    assert override(OFF, {"utm_source": "own"}).is_on
    assert fill_patterns(OFF, VALUES) == ""


def send(template: Template, **fields: Any) -> None:
    queue_message(make_recipient(), template, **fields)
    send_due(Deadline(seconds=None))


def targets(smtp: SmtpServer) -> list[str]:
    """Return where the tracked links of each mail lead, in order."""
    found = [path for mail in smtp.mails for path in addresses(mail, "c")]
    return [read_link_token(path.removeprefix("/c/")).url for path in found]


@pytest.mark.covers("A4")
def test_links_of_mails_say_what_they_come_from_once_it_is_switched_on(
    shop: Tenant, smtp: SmtpServer
) -> None:
    template = make_template(body=BODY)
    send(template)
    save_utm(DEFAULTS, is_on=True, actor=ADA)
    send(template)
    send(template, context={"campaign": "Spring", "utm": {"utm_source": "news"}})
    send(template, context={"utm": False})

    plain = "https://shop.example/a?x=1"
    assert targets(smtp) == [
        plain,
        f"{plain}&utm_source=patron&utm_medium=email&utm_campaign=note&utm_content=note",
        f"{plain}&utm_source=news&utm_medium=email&utm_campaign=Spring&utm_content=note",
        plain,
    ]
    assert "utm_" not in str(smtp.mails[1]["List-Unsubscribe"])


@pytest.mark.covers("A4")
def test_a_preview_shows_what_the_links_get(tenant: Tenant) -> None:
    template = make_template(body=BODY)
    save_utm(DEFAULTS, is_on=True, actor=ADA)

    shown = preview_template(template).rendered

    assert shown is not None
    assert "x=1&amp;utm_source=patron&amp;utm_medium=email&amp;utm_campaign=note" in shown.html


def test_the_page_saves_patterns_and_refuses_names_that_nobody_knows(tenant: Tenant) -> None:
    client = sign_in(tenant)
    path = f"/t/{tenant.slug}/settings/utm/"

    assert "utm_campaign=Welcome" in client.get(path).content.decode()
    refused = client.post(path, {"is_on": "on", "utm_campaign": "{flow}"})
    assert refused.status_code == 422
    assert "Nothing is known of {flow}" in refused.content.decode()
    assert UtmSettings.objects.count() == 0

    assert client.post(path, {"is_on": "on", "utm_campaign": "{campaign}"}).status_code == 302
    saved = UtmSettings.objects.get()
    assert (saved.is_on, saved.patterns["utm_campaign"], saved.patterns["utm_source"]) == (
        True,
        "{campaign}",
        "",
    )
    assert AuditEntry.objects.get().action == "utm.changed"
    with pytest.raises(Invalid):
        save_utm({"utm_term": "x" * 201}, is_on=True, actor=ADA)


@pytest.mark.covers("A4")
def test_a_template_says_otherwise_in_its_editor(shop: Tenant, smtp: SmtpServer) -> None:
    client = sign_in(shop)
    template = make_template(text="Hello", body=BODY)
    path = f"/t/{shop.slug}/content/templates/{template.pk}/edit/"
    form = {
        "name": "note",
        "message_class": "promotional",
        "subject": "Hello",
        "mjml": template.mjml,
    }

    refused = client.post(path, {**form, "utm_term": "{shoe}"})
    assert refused.status_code == 422
    assert client.post(path, {**form, "utm_campaign": "{template} 2"}).status_code == 302
    template.refresh_from_db()
    assert template.content["utm"] == {"utm_campaign": "{template} 2"}
    assert 'value="{template} 2"' in client.get(path).content.decode()
    save_utm(DEFAULTS, is_on=True, actor=ADA)
    send(template)
    client.post(path, {**form, "utm_off": "on"})
    send(template)

    plain = "https://shop.example/a?x=1"
    assert targets(smtp) == [
        f"{plain}&utm_source=patron&utm_medium=email&utm_campaign=note%202&utm_content=note",
        plain,
    ]
