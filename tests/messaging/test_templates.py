"""Templates: compiled once, strict with variables, and the library renders."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from django.core.management import call_command
from django.db import transaction

from config.provisioning import bring_up_to_date
from crm.models import OrderLine, Shipment, Store
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from messaging.choices import MessageClass
from messaging.domain.rendering import EmailTemplate
from messaging.domain.subjects import show_subject
from messaging.errors import RenderError, TemplateInvalid
from messaging.models import Message, Template
from messaging.services.library import (
    RELEASED,
    digest_of,
    install_templates,
    library_templates,
)
from messaging.services.sending import send_due
from messaging.services.templates import TemplateData, save_template
from tenants.models import Tenant
from tests.factories.loyalty import make_order
from tests.factories.messaging import MJML, make_recipient, make_template, queue_message
from tests.support.smtp import SmtpServer


def body_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_saving_compiles_once_and_a_change_makes_a_version(tenant: Tenant) -> None:
    first = make_template(body="Hi <a href='{{ unsubscribe_url }}'>x</a>")
    again = make_template(body="Hi <a href='{{ unsubscribe_url }}'>x</a>")
    changed = make_template(body="Hello <a href='{{ unsubscribe_url }}'>x</a>")

    assert (first.version, again.version, changed.version) == (1, 1, 2)
    assert first.pk == changed.pk
    assert "{{ unsubscribe_url }}" in changed.html
    assert "<mj-" not in changed.html
    assert "googleapis" not in changed.html


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"mjml": "<mjml><mj-body><mj-nope /></mj-body></mjml>"}, "mjml"),
        ({"mjml": "<p>plain</p>"}, "mjml"),
        ({"mjml": MJML.format(body="{% if person %}")}, "mjml"),
        ({"mjml": MJML.format(body="{{ weather }}")}, "mjml"),
        ({"mjml": MJML.format(body="no way out"), "message_class": "promotional"}, "mjml"),
        ({"subject": "{{ person.first_name"}, "subject"),
        ({"subject": "  "}, "subject"),
        ({"text": "{{ person | nonsense }}"}, "text"),
        ({"text": "{% include 'other' %}"}, "text"),
        ({"text": ""}, "text"),
    ],
)
def test_what_cannot_be_compiled_is_refused_and_nothing_is_stored(
    tenant: Tenant, parts: dict[str, str], field: str
) -> None:
    good = {
        "key": "k",
        "name": "n",
        "message_class": "transactional",
        "subject": "s",
        "mjml": MJML.format(body="b"),
        "text": "t",
    }

    with pytest.raises(TemplateInvalid) as refused:
        save_template(TemplateData(**{**good, **parts}))

    assert list(refused.value.fields) == [field]
    assert not Template.objects.exists()


def render(html: str, **values: object) -> str:
    template = EmailTemplate(subject="s", preheader="", html=html, text="t")
    return template.render(values).html


def test_values_are_escaped_in_html_and_not_in_text() -> None:
    template = EmailTemplate(
        subject="{{ name }}", preheader="", html="<p>{{ name }}</p>", text="{{ name }}"
    )

    content = template.render({"name": "<b>Tom & Ada</b>"})

    assert content.html == "<p>&lt;b&gt;Tom &amp; Ada&lt;/b&gt;</p>"
    assert content.text == "<b>Tom & Ada</b>\n"
    assert content.subject == "<b>Tom & Ada</b>"


def test_money_and_days_are_written_for_people() -> None:
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    assert render("{{ n | money: 'GBP' }}", n=124050) == "£1,240.50"
    assert render("{{ n | money: 'JPY' }}", n=1500) == "¥1,500"
    assert render("{{ at | day }}", at=at) == "4 May 2026"


@pytest.mark.parametrize("html", ["{{ nobody }}", "{% if nobody %}x{% endif %}", "{{ a.b.c }}"])
def test_a_missing_variable_is_an_error_and_never_a_gap(html: str) -> None:
    with pytest.raises(RenderError, match="is undefined"):
        render(html, a={"b": {}})


@pytest.mark.parametrize("name", ["", "  "])
def test_what_is_not_known_of_somebody_leaves_no_gap(name: str) -> None:
    person = {"first_name": name}
    for html in ("Hi {{ person.first_name }},", "Hi {{ person.first_name | capitalize }},"):
        with pytest.raises(RenderError, match="first_name is empty"):
            render(html, person=person)

    assert render(
        'Hi {{ person.first_name | default: "you" }},', person=person | {"first_name": ""}
    )
    said = '{% if person.first_name != "" %}Hi {{ person.first_name }}{% else %}Hello{% endif %}'
    assert render(said, person={"first_name": ""}) == "Hello"
    assert render("{{ brand.postal }}.", brand={"postal": ""}) == "."


def test_a_loop_without_end_is_stopped() -> None:
    with pytest.raises(RenderError, match="loop"):
        render("{% for i in (1..99999999) %}x{% endfor %}")


def test_lists_show_a_subject_as_a_reader_sees_it() -> None:
    named = "{% if person.first_name != '' %}{{ person.first_name }}, {% endif %}{{ store.name }}"
    assert show_subject(named, "Ada Soap") == "Ada, Ada Soap"
    for broken in ("{% if x", "{{ event.never.told }}", ""):
        assert show_subject(broken, "Ada Soap") == broken


def test_the_library_is_installed_once_and_edits_stay(tenant: Tenant) -> None:
    with transaction.atomic():
        assert install_templates() == 5
        Template.objects.filter(key="win_back").update(subject="Mine")
        assert install_templates() == 0

    assert set(Template.objects.values_list("key", "message_class")) == {
        ("post_purchase", "transactional"),
        ("win_back", "promotional"),
        ("win_back_reminder", "promotional"),
        ("confirm_subscription", "service"),
        ("your_data", "service"),
    }
    assert Template.objects.get(key="win_back").subject == "Mine"


def test_the_digests_of_the_library_are_kept() -> None:
    """A changed text needs its digest behind those before, or the tenants never get it."""
    said = {data.key: digest_of(data) for data in library_templates()}
    assert said == {key: digests[-1] for key, digests in RELEASED.items()}
    every = [digest for digests in RELEASED.values() for digest in digests]
    assert len(every) == len(set(every))


def test_a_release_renews_what_nobody_edited_and_nothing_else(
    tenant: Tenant, other_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = TemplateData(
        key="win_back",
        name="Win-back",
        message_class="promotional",
        subject="We miss you",
        mjml=next(data.mjml for data in library_templates() if data.key == "win_back"),
        text="{{ unsubscribe_url }}",
    )
    for key in ("win_back", "win_back_reminder"):
        released = (digest_of(old), RELEASED[key][-1])
        monkeypatch.setitem(RELEASED, key, released)
    for owner in (tenant, other_tenant):
        with tenant_scope(owner.pk), transaction.atomic():
            save_template(old)
            save_template(replace(old, key="win_back_reminder", subject="Mine", text=old.text))

    for _ in range(2):
        bring_up_to_date()
        for owner in (tenant, other_tenant):
            with tenant_scope(owner.pk):
                rows = Template.objects.order_by("key").values_list("key", "subject", "version")
                new = next(data for data in library_templates() if data.key == "win_back")
                assert list(rows) == [
                    ("win_back", new.subject, 2),
                    ("win_back_reminder", "Mine", 1),
                ]


def test_migrating_brings_the_templates_of_every_tenant_up_to_date(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr("config.provisioning.bring_up_to_date", lambda: called.append("once"))
    monkeypatch.setattr("django.core.management.commands.migrate.Command.handle", _do_nothing)
    monkeypatch.setattr("kernel.management.commands.migrate.renew_keys", _do_nothing)
    call_command("migrate", verbosity=0, skip_checks=True)
    call_command("migrate", "messaging", verbosity=0, skip_checks=True)
    call_command("migrate", plan=True, verbosity=0, skip_checks=True)
    assert called == ["once"]


def _do_nothing(*_: object, **__: object) -> None:
    return None


def test_the_order_confirmation_says_what_was_bought(shop: Tenant, smtp: SmtpServer) -> None:
    install_templates()
    person = make_recipient(first_name="Zoë", email_consent="never")
    order = make_order(person, 6280, number="#1001", city="Bath", shipping_minor=390)
    OrderLine.objects.create(
        order=order,
        line_key="1",
        position=0,
        title="Soap <3",
        quantity=2,
        unit_price_minor=1200,
        total_minor=2400,
    )
    template = Template.objects.get(key="post_purchase")
    queue_message(person, template, context={"order_id": order.pk})

    send_due(Deadline(seconds=None))

    [mail] = smtp.mails
    assert mail["Subject"] == "Your order #1001 is confirmed"
    html, text = body_of(mail, "html"), body_of(mail, "plain")
    for words in ("Soap &lt;3", "£24.00", "£62.80", "£3.90", "Bath", "1 Jun 2026", "Zoë"):
        assert words in html
    assert "2 × Soap <3: £24.00" in text
    assert "Discount" not in text
    assert "Thank you for shopping with Ada Soap. £62.80 in all." in html
    assert "You should have it" not in html + text


def test_the_order_confirmation_says_when_all_of_it_comes_where_that_is_known(
    shop: Tenant, smtp: SmtpServer
) -> None:
    install_templates()
    person = make_recipient(email_consent="never")
    order = make_order(person, 6280)
    last = datetime(2050, 6, 5, 18, tzinfo=UTC)
    parcels = [
        Shipment.objects.create(
            store=order.store,
            order=order,
            external_id=str(number),
            state=state,
            promised_at=last + days * timedelta(days=1),
            source_version_at=order.ordered_at,
        )
        for number, days, state in ((1, -1, "shipped"), (2, 0, "pending"), (3, 4, "cancelled"))
    ]
    template = Template.objects.get(key="post_purchase")

    def says() -> str:
        queue_message(person, template, context={"order_id": order.pk})
        send_due(Deadline(seconds=None))
        return body_of(smtp.mails[-1], "html") + body_of(smtp.mails[-1], "plain")

    said = says()
    assert "by <strong>5 Jun 2050</strong>" in said
    assert "You should have it by 5 Jun 2050." in said
    Shipment.objects.filter(pk=parcels[0].pk).update(promised_at=None)
    assert "You should have it" not in says()
    past = datetime(2020, 6, 5, 18, tzinfo=UTC)
    Shipment.objects.exclude(state="cancelled").update(promised_at=past)
    assert "You should have it" not in says()


@pytest.mark.parametrize("first_name", ["", "Ada"])
@pytest.mark.parametrize("key", ["win_back", "win_back_reminder"])
def test_the_win_back_mails_lead_to_the_shop_and_out(
    shop: Tenant, smtp: SmtpServer, key: str, first_name: str
) -> None:
    Store.objects.create(
        name="Shop", platform="custom", currency="GBP", timezone="UTC", url="ada.example"
    )
    install_templates()
    queue_message(make_recipient(first_name=first_name), Template.objects.get(key=key))

    send_due(Deadline(seconds=None))

    [mail] = smtp.mails
    html, text = body_of(mail, "html"), body_of(mail, "plain")
    assert Message.objects.get().status == "sent"
    assert html.count("/c/") == 1  # the one call to action is tracked
    assert html.count("/u/") == 1
    assert html.count("/o/") == 1
    assert "https://ada.example" in text
    assert "/u/" in text


def test_a_template_of_a_class_keeps_it(tenant: Tenant) -> None:
    assert make_template("r", MessageClass.SERVICE, "Hi").message_class == "service"
