"""Coupons in messages: one code for one holder, given back only when it did not arrive."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from messaging.domain.rendering import compile_parts
from messaging.models import CouponCode, Message
from messaging.services import sending
from messaging.services.authoring import Draft, create_template
from messaging.services.checks import find_differences
from messaging.services.coupon_claims import settle_codes
from messaging.services.coupons import release_code, set_status
from messaging.services.previewing import render_again
from messaging.types import RenderedEmail
from tenants.models import Tenant
from tests.factories.coupons import ACTOR, coupon_template, make_pool
from tests.factories.messaging import make_recipient, queue_message
from tests.factories.samples import make_store
from tests.support.lanes import claim_batch
from tests.support.smtp import SmtpServer

FALLBACK = (
    "{% if coupon.has_code %}Use {{ coupon.code }}{% else %}{{ coupon.words }}{% endif %}"
    " <a href='{{ unsubscribe_url }}'>Unsubscribe</a>"
)


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


def stands(code: str) -> str:
    return str(CouponCode.objects.get(code=code).status)


def html_of(smtp: SmtpServer, place: int = -1) -> str:
    part = smtp.mails[place].get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.covers("M12")
def test_each_person_gets_a_code_of_their_own_and_it_is_sent(
    shop: Tenant, smtp: SmtpServer
) -> None:
    template = coupon_template(make_pool(["A1", "B2", "C3"], valid_hours=48))
    people = [make_recipient() for _ in range(2)]
    messages = [queue_message(person, template) for person in people]
    assert drain() == 2
    given = dict(CouponCode.objects.filter(status="sent").values_list("profile_id", "code"))
    assert given == {people[0].pk: "A1", people[1].pk: "B2"}
    assert stands("C3") == "available"
    assert ["Use A1" in html_of(smtp, 0), "Use B2" in html_of(smtp, 1)] == [True, True]
    first = CouponCode.objects.get(code="A1")
    assert (first.message_id, first.expires_at) == (
        messages[0].pk,
        clock.now() + timedelta(hours=48),
    )
    gates = Message.objects.get(pk=messages[0].pk).gates or []
    assert [gate["gate"] for gate in gates][-2:] == ["render", "coupon"]
    assert gates[-1]["detail"] == "A1, good until 3 Jun 2026, 13:00"
    assert find_differences() == []


def test_the_same_unexpired_code_is_used_again_until_it_expires(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    coupon = make_pool(["A1", "B2"], valid_hours=24)
    template = coupon_template(coupon, message_class="transactional")
    person = make_recipient()
    queue_message(person, template)
    drain()
    noon.shift(timedelta(hours=23))
    queue_message(person, template)
    drain()
    assert "Use A1" in html_of(smtp)
    noon.shift(timedelta(hours=2))
    queue_message(person, template)
    drain()
    assert "Use B2" in html_of(smtp)
    assert [stands("A1"), stands("B2")] == ["expired", "sent"]


@pytest.mark.parametrize(
    ("scope", "codes"),
    [("profile", ["A1", "A1"]), ("run", ["A1", "B2"]), ("message", ["A1", "B2"])],
)
def test_a_scope_says_for_what_somebody_gets_another_code(
    shop: Tenant, smtp: SmtpServer, scope: str, codes: list[str]
) -> None:
    coupon = make_pool(["A1", "B2", "C3"], scope=scope)
    template, person = coupon_template(coupon, message_class="transactional"), make_recipient()
    for run in (1, 2):
        queue_message(person, template, flow_run_id=run)
    drain()
    assert [f"Use {code}" in html_of(smtp, place) for place, code in enumerate(codes)] == [True] * 2
    again = queue_message(person, template, flow_run_id=2)
    drain()
    told = (Message.objects.get(pk=again.pk).gates or [])[-1]["detail"]
    assert told == {"profile": "A1", "run": "B2", "message": "C3"}[scope]


def test_a_template_names_its_coupon_and_a_message_another_one(
    shop: Tenant, smtp: SmtpServer
) -> None:
    template = coupon_template(make_pool(["A1"]))
    other = make_pool(["B2"])
    queue_message(make_recipient(), template, context={"coupon": other.pk})
    drain()
    assert ("Use B2" in html_of(smtp), stands("A1")) == (True, "available")


def test_without_a_code_a_message_is_skipped_waits_or_says_other_words(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    skips, holds = make_pool(when_out="skip"), make_pool(when_out="hold")
    says = make_pool(when_out="fallback", fallback="Come and see")
    body = FALLBACK
    skipped = queue_message(make_recipient(), coupon_template(skips))
    held = queue_message(make_recipient(), coupon_template(holds))
    unready = queue_message(make_recipient(), coupon_template(says))
    queue_message(make_recipient(), coupon_template(says, body))
    drain()
    rows = {row.pk: row for row in Message.objects.all()}
    told = [(rows[each.pk].status, rows[each.pk].reason) for each in (skipped, held, unready)]
    assert told == [("skipped", "no_coupon"), ("pending", "no_coupon"), ("skipped", "no_coupon")]
    assert rows[held.pk].due_at == clock.now() + timedelta(minutes=15)
    assert len(smtp.mails) == 1
    assert "Come and see" in html_of(smtp)
    CouponCode.objects.create(coupon=holds, code="H1", code_norm="H1", status="available")
    noon.shift(timedelta(minutes=15))
    drain()
    assert (len(smtp.mails), "Use H1" in html_of(smtp)) == (2, True)


def test_a_paused_coupon_lets_messages_wait_and_an_ended_one_stops_them(
    shop: Tenant, smtp: SmtpServer
) -> None:
    coupon = make_pool(["A1"], when_out="hold")
    template = coupon_template(coupon)
    set_status(coupon.pk, "paused", actor=ACTOR)
    waits = queue_message(make_recipient(), template)
    drain()
    assert Message.objects.get(pk=waits.pk).detail == "The coupon is paused"
    set_status(coupon.pk, "ended", actor=ACTOR)
    ends = queue_message(make_recipient(), template)
    drain()
    found = Message.objects.get(pk=ends.pk)
    assert (found.status, found.detail) == ("skipped", "The coupon has ended")
    assert (smtp.mails, stands("A1")) == ([], "available")


def test_a_code_of_what_cannot_be_rendered_is_given_back(shop: Tenant, smtp: SmtpServer) -> None:
    coupon = make_pool(["A1"])
    broken = coupon_template(coupon, "{{ coupon.code }} {{ order.number }} {{ unsubscribe_url }}")
    queue_message(make_recipient(), broken)
    drain()
    code = CouponCode.objects.get()
    assert (code.status, code.profile_id, code.holder) == ("released", None, "")
    queue_message(make_recipient(), coupon_template(coupon))
    drain()
    assert ("Use A1" in html_of(smtp), stands("A1")) == (True, "sent")


def test_a_refused_message_gives_its_code_back_and_the_next_person_gets_it(
    shop: Tenant, smtp: SmtpServer
) -> None:
    coupon = make_pool(["A1"])
    template = coupon_template(coupon)
    smtp.answers["bad@example.com"] = "550 no such user"
    queue_message(make_recipient(email="bad@example.com"), template)
    drain()
    assert stands("A1") == "released"
    good = make_recipient()
    queue_message(good, template)
    drain()
    assert CouponCode.objects.get().profile_id == good.pk


@pytest.mark.parametrize(
    ("status", "is_resend", "becomes"),
    [
        ("sent", False, "sent"),
        ("unknown", False, "sent"),
        ("skipped", False, "released"),
        ("failed", False, "released"),
        ("skipped", True, "sent"),
        ("sending", False, "claimed"),
        ("pending", False, "claimed"),
    ],
)
def test_only_what_certainly_did_not_arrive_gives_its_code_back(
    shop: Tenant, status: str, is_resend: bool, becomes: str
) -> None:
    coupon = make_pool(["A1"])
    message = queue_message(make_recipient(), coupon_template(coupon))
    Message.objects.filter(pk=message.pk).update(status=status, is_resend=is_resend)
    CouponCode.objects.update(
        status="claimed",
        message_id=message.pk,
        profile_id=message.profile_id,
        holder="profile:1",
        claimed_at=clock.now(),
    )
    settle_codes(clock.now())
    assert stands("A1") == becomes


def test_a_redeemed_code_is_neither_sent_again_nor_replaced(shop: Tenant, smtp: SmtpServer) -> None:
    coupon = make_pool(["A1", "B2"])
    template, person = coupon_template(coupon, message_class="transactional"), make_recipient()
    queue_message(person, template)
    drain()
    CouponCode.objects.filter(code="A1").update(status="redeemed")
    again = queue_message(person, template)
    drain()
    found = Message.objects.get(pk=again.pk)
    assert (found.status, found.detail) == ("skipped", "Their code was redeemed already")
    assert stands("B2") == "available"


def test_a_static_code_is_the_same_for_everybody_and_leads_to_the_cart(
    shop: Tenant, smtp: SmtpServer
) -> None:
    store = make_store(platform="shopify", url="ada.example")
    coupon = make_pool(kind="static", static_code="SUN10", store_ids=[store.pk])
    template = coupon_template(
        coupon, body="{{ coupon.words }}: {{ coupon.code }} {{ coupon.url }} {{ unsubscribe_url }}"
    )
    for _ in range(2):
        queue_message(make_recipient(), template)
    drain()
    text = html_of(smtp)
    assert "10% off: SUN10" in text
    assert "https://ada.example/discount/SUN10" in text
    assert stands("SUN10") == "available"


def test_a_preview_shows_a_sample_and_claims_nothing(shop: Tenant) -> None:
    coupon = make_pool(["A1"])
    message = queue_message(make_recipient(), coupon_template(coupon))
    shown = render_again(message.pk)
    assert isinstance(shown, RenderedEmail)
    assert ("Use YOUR-CODE" in shown.html, stands("A1")) == (True, "available")


def test_a_code_is_given_back_by_hand_once_it_was_sent(shop: Tenant, smtp: SmtpServer) -> None:
    coupon = make_pool(["A1"])
    queue_message(make_recipient(), coupon_template(coupon))
    drain()
    code = CouponCode.objects.get()
    assert release_code(coupon.pk, code.pk, actor=ACTOR) == "A1"
    code.refresh_from_db()
    assert (code.status, code.profile_id, code.message_id, code.holder) == (
        "released",
        None,
        None,
        "",
    )


def test_a_code_is_given_to_whom_its_part_is_for_and_to_nobody_else(
    shop: Tenant, smtp: SmtpServer
) -> None:
    code_part = f'<mj-coupon coupon="{make_pool(["A1"]).pk}" show-to="language is de"></mj-coupon>'
    words = "<mj-column><mj-text>Soon</mj-text></mj-column>"
    draft = Draft(
        "News",
        "email",
        "promotional",
        subject="News",
        mjml=f'<mjml look="brand"><mj-body>{code_part}<mj-section show-to="else">{words}'
        "</mj-section><mj-brand-footer /></mj-body></mjml>",
    )
    template = create_template(draft, actor=ACTOR)
    others = [queue_message(make_recipient(locale="fr"), template) for _ in range(2)]
    german = make_recipient(locale="de")
    queue_message(german, template)
    assert drain() == 3
    code = CouponCode.objects.get()
    assert (code.code, code.profile_id) == ("A1", german.pk)
    assert [
        ("A1" in html_of(smtp, place), "Soon" in html_of(smtp, place)) for place in range(3)
    ] == [
        (False, True),
        (False, True),
        (True, False),
    ]
    gates = Message.objects.get(pk=others[0].pk).gates or []
    assert [gate["gate"] for gate in gates][-1] == "render"


READS = "{{% if {} %}}{}{{% endif %}}"
GOLD, DE = 'reader["tier is 3"]', 'reader["language is de"]'
CODE = "{{ coupon.code }}"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (READS.format(GOLD, CODE), False),
        (READS.format(GOLD, "A{% else %}" + CODE), True),
        (READS.format(DE, f"A{{% elsif {GOLD} %}}B{{% else %}}{CODE}"), False),
        (READS.format(GOLD, READS.format("coupon.has_code", "A")), False),
        (READS.format(f'{GOLD} or person.first_name == "Ada"', CODE), True),
        (READS.format(GOLD, "{% assign code = coupon.code | upcase %}{{ code }}"), False),
        ("{% for code in (1..2) %}" + READS.format(DE, CODE) + "{% endfor %}", True),
        (f"{{% unless {GOLD} %}}{CODE}{{% endunless %}}", True),
        (READS.format('reader["nonsense"]', CODE), True),
        (READS.format(GOLD, "A"), False),
    ],
)
def test_what_somebody_reads_says_whether_they_need_a_code(text: str, asked: bool) -> None:
    reader = {"tier is 3": False, "language is de": True}
    template = compile_parts((("text", text),))
    assert template.asks("coupon", {"reader": reader}) is asked


def test_a_coupon_of_another_shop_is_none(
    shop: Tenant, other_tenant: Tenant, smtp: SmtpServer
) -> None:
    with tenant_scope(other_tenant.pk), transaction.atomic():
        foreign = make_pool(["X9"])
    message = queue_message(make_recipient(), coupon_template(), context={"coupon": foreign.pk})
    drain()
    found = Message.objects.get(pk=message.pk)
    assert (found.status, found.detail) == ("skipped", "This coupon does not exist")
    with tenant_scope(other_tenant.pk), transaction.atomic():
        assert stands("X9") == "available"


def test_a_batch_of_many_costs_the_same_statements(shop: Tenant, smtp: SmtpServer) -> None:
    template = coupon_template(make_pool([f"C{number}" for number in range(20)]))

    def cost(many: int) -> int:
        for _ in range(many):
            queue_message(make_recipient(), template)
        with CaptureQueriesContext(connection) as context:
            assert len(claim_batch("email", size=many, now=clock.now())) == many
        return len(context)

    cost(1)
    assert cost(1) == cost(9)
