"""Who writes to whom: rules, what they look at, and that a set of mails is asked for at once."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Identity, ProfileFacts, Store
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import PointsAccount, Tier
from messaging.channels.base import ChannelUnavailable, Handed
from messaging.domain.sender_rules import Rule, find_rule, fold
from messaging.errors import TemplateInvalid
from messaging.models import AccountHealth, ChannelAccount, Message, Sender, SenderRule, WarmUpDay
from messaging.queries.sender_rules import choose_senders
from messaging.queries.sending import find_recipients
from messaging.queries.traits import Written
from messaging.services.authoring import Draft, create_template, update_template
from messaging.services.sender_rules import RuleData, add_rule, move_rule, remove_rule
from messaging.services.senders import remove_sender, update_sender
from messaging.services.sending import send_due, send_set
from messaging.services.warm_ups import start_plan
from messaging.types import OutgoingEmail, SenderData
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import MJML, make_recipient, make_template, queue_message
from tests.factories.samples import make_domain, make_order
from tests.factories.tenants import call_with, make_key, sign_in
from tests.support.lanes import lane_over
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.covers("M9")

ADA = "ada@example.com"


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        (" Gold ", {"gold"}),
        (["Gold", "SILVER", ""], {"gold", "silver"}),
        (True, {"true"}),
        (3, {"3"}),
        (3.0, {"3"}),
        (None, set()),
        ({"a": 1}, set()),
        ("", set()),
    ],
)
def test_values_are_compared_without_case_and_a_list_by_its_parts(
    value: Any, folded: set[str]
) -> None:
    assert fold(value) == folded


def test_the_first_rule_that_fits_wins() -> None:
    rules = [
        Rule(1, 7, "property", "owner", frozenset({"eve"})),
        Rule(2, 8, "country", "", frozenset({"gb", "ie"})),
        Rule(3, 9, "country", "", frozenset({"gb"})),
    ]

    def choose(**traits: set[str]) -> int | None:
        named = {name.replace("_", ":", 1): frozenset(values) for name, values in traits.items()}
        met = find_rule(rules, named)
        return met.id if met else None

    assert choose(country_={"gb"}) == 2
    assert choose(country_={"gb"}, property_owner={"eve"}) == 1
    assert choose(country_={"fr"}, property_owner={"bob"}) is None
    assert choose() is None


def make_sender(name: str, **fields: Any) -> Sender:
    email = f"{name.lower()}@ada-soap.example"
    return Sender.objects.create(
        **{"name": name, "email": email, "verified_at": "2026-01-01T00:00Z", **fields}
    )


def let(sender: Sender, trait: str, *wanted: str, key: str = "") -> SenderRule:
    return add_rule(RuleData(sender.pk, trait, key, wanted), actor=ADA)


def drain() -> None:
    send_due(Deadline(seconds=None))


def senders_of(smtp: SmtpServer) -> dict[str, str]:
    """Return who each recipient heard from."""
    return {str(mail["To"]).rpartition("<")[2].strip(">"): str(mail["From"]) for mail in smtp.mails}


def test_each_mail_of_a_set_leaves_from_its_own_sender(shop: Tenant, smtp: SmtpServer) -> None:
    founder = make_sender("Founder", reply_to="founder@ada-soap.example")
    eve, paris = make_sender("Eve"), make_sender("Paris", email="bonjour@soap.example")
    let(founder, "rfm", "champions", "loyal")
    let(eve, "property", "Eve", key="account_manager")
    let(paris, "country", "fr")
    champion = make_recipient(email="champion@example.com", country="FR")
    ProfileFacts.objects.create(profile=champion, rfm_group="champions")
    managed = make_recipient(email="managed@example.com", properties={"account_manager": "EVE"})
    french = make_recipient(email="french@example.com", country="FR")
    other = make_recipient(email="other@example.com", country="GB")
    template = make_template(text="From {{ sender.name }}")
    for person in (champion, managed, french, other):
        queue_message(person, template)

    drain()

    assert senders_of(smtp) == {
        "champion@example.com": "Founder <founder@ada-soap.example>",
        "managed@example.com": "Eve <eve@ada-soap.example>",
        "french@example.com": "Paris <bonjour@soap.example>",
        "other@example.com": f"{Sender.objects.get(is_default=True).name} <hello@ada-soap.example>",
    }
    texts = {str(mail["From"]).partition(" ")[0]: mail.get_body(("plain",)) for mail in smtp.mails}
    assert "From Founder" in str(texts["Founder"])
    assert "From Eve" in str(texts["Eve"])


@pytest.mark.covers("M3")
def test_a_template_is_from_the_sender_that_it_names(shop: Tenant, smtp: SmtpServer) -> None:
    eve, paris = make_sender("Eve"), make_sender("Paris")
    let(paris, "country", "FR")
    client = sign_in(shop)
    said = Draft("News", "email", "transactional", subject="News", mjml=MJML.format(body="Hello"))
    template = create_template(said, actor=ADA)
    path = f"/t/{shop.slug}/content/templates/{template.pk}/edit/"
    form = {"name": "News", "message_class": "transactional", "subject": "News", "mjml": said.mjml}

    assert client.post(path, {**form, "sender": str(eve.pk)}).status_code == 302
    for each in (template, make_template()):
        queue_message(make_recipient(email=f"{each.key}@example.com", country="FR"), each)
    drain()

    assert senders_of(smtp) == {
        f"{template.key}@example.com": "Eve <eve@ada-soap.example>",
        "note@example.com": "Paris <paris@ada-soap.example>",
    }
    with pytest.raises(Conflict, match="A template names this sender"):
        remove_sender(eve.pk, actor=ADA)
    unproved = make_sender("Bob", verified_at=None)
    assert client.post(path, {**form, "sender": str(unproved.pk)}).status_code == 422
    with pytest.raises(TemplateInvalid, match="none that mails can leave from"):
        update_template(template.pk, replace(said, content={"sender": unproved.pk}))


def test_a_tier_has_a_sender_of_its_own(shop: Tenant, smtp: SmtpServer) -> None:
    silver, gold = (Tier.objects.create(name=name, rank=n) for n, name in enumerate(("S", "G"), 1))
    let(make_sender("Founder"), "tier", str(gold.pk))
    for name, tier_id in (("gold", gold.pk), ("silver", silver.pk), ("nobody", None)):
        person = make_recipient(email=f"{name}@example.com")
        PointsAccount.objects.create(profile=person, tier_id=tier_id)
        queue_message(person, make_template())

    drain()

    assert {who: said.partition(" ")[0] for who, said in senders_of(smtp).items()} == {
        "gold@example.com": "Founder",
        "silver@example.com": "Ada",
        "nobody@example.com": "Ada",
    }
    with pytest.raises(Invalid):
        let(make_sender("Eve"), "tier", "Platinum")


def test_replies_go_to_the_sender_that_a_rule_names(shop: Tenant, smtp: SmtpServer) -> None:
    ChannelAccount.objects.update(options={"reply_address": "replies@ada-soap.example"})
    let(make_sender("Eve", reply_to="eve@desk.example"), "country", "GB")
    let(make_sender("Paris"), "country", "FR")
    for country in ("GB", "FR", "DE"):
        queue_message(make_recipient(country=country), make_template(f"to_{country}".lower()))

    drain()

    replies = [str(mail["Reply-To"]) for mail in smtp.mails]
    assert replies[0] == "eve@desk.example"
    assert all(each.startswith("replies+") for each in replies[1:]), "into the conversations"


def test_a_store_means_that_of_the_order_else_those_that_know_the_person(shop: Tenant) -> None:
    london, paris = (
        Store.objects.create(name=name, platform="custom", currency="EUR", timezone="UTC")
        for name in ("London", "Paris")
    )
    let(make_sender("London"), "store", str(london.pk))
    let(make_sender("Paris"), "store", str(paris.pk))
    person, nobody = make_recipient(), make_recipient()
    Identity.objects.create(kind="customer", value_norm="1:1", profile=person, store=london)
    order = make_order(paris, person)
    people = find_recipients([person.pk, nobody.pk])

    found = choose_senders(
        {
            1: Written(people[person.pk], 0),
            2: Written(people[person.pk], order.pk),
            3: Written(people[nobody.pk], 0),
        }
    )

    assert [found[key].name for key in (1, 2)] == ["London", "Paris"]
    assert not found[3].is_chosen


def test_a_set_costs_the_same_statements_however_large_it_is(shop: Tenant) -> None:
    let(make_sender("Founder"), "rfm", "champions")
    let(make_sender("Eve"), "property", "Eve", key="account_manager")
    let(make_sender("Bob"), "property", "Bob", key="second_manager")
    people = find_recipients([make_recipient().pk for _ in range(12)])
    asked = {key: Written(person, 0) for key, person in people.items()}

    def count(wanted: dict[int, Written]) -> int:
        with CaptureQueriesContext(connection) as found:
            choose_senders(wanted)
        return sum("messaging" in each["sql"] or "crm_" in each["sql"] for each in found)

    few = dict(list(asked.items())[:1])
    assert count(few) == count(asked) == 3


def test_marketing_of_one_sender_waits_for_its_own_domain(shop: Tenant, smtp: SmtpServer) -> None:
    missing = {"state": "missing", "known": "missing", "words": ""}
    make_domain(domain="paris.example", findings={"dkim": missing})
    let(make_sender("Paris", email="bonjour@paris.example"), "country", "FR")
    french, other = make_recipient(country="FR"), make_recipient(country="GB")
    template = make_template()
    for person in (french, other):
        queue_message(person, template)

    drain()

    assert smtp.recipients == [other.email]
    waiting = Message.objects.get(profile=french)
    assert (waiting.status, waiting.reason) == ("pending", "sender_dns")
    assert waiting.detail == "DKIM of paris.example fails"


def test_a_warm_up_and_a_rate_count_for_the_domain_that_a_mail_is_from(
    shop: Tenant, smtp: SmtpServer
) -> None:
    let(make_sender("Paris", email="bonjour@paris.example"), "country", "FR")
    plan = start_plan("domain", "paris.example", first=7, last=7, days=10, actor=ADA)
    template = make_template()
    french = [make_recipient(country="FR") for _ in range(2)]
    for person in (*french, make_recipient(country="GB")):
        ProfileFacts.objects.create(profile=person, last_clicked_at="2026-05-31T00:00Z")
        queue_message(person, template)

    drain()

    assert len(smtp.recipients) == 2
    used = WarmUpDay.objects.get()
    assert (used.plan_id, used.used) == (plan.pk, 1)
    assert Message.objects.get(status="pending").reason == "warm_up"


@pytest.mark.parametrize(
    ("field", "data"),
    [
        ("sender", {"sender_id": 0}),
        ("trait", {"trait": "shoe"}),
        ("key", {"trait": "property", "key": " "}),
        ("wanted", {"wanted": [" "]}),
        ("wanted", {"wanted": ["France"]}),
        ("wanted", {"trait": "rfm", "wanted": ["heroes"]}),
        ("wanted", {"wanted": ["x" * 101]}),
    ],
)
def test_a_rule_that_cannot_be_is_refused(shop: Tenant, field: str, data: dict[str, Any]) -> None:
    sender = make_sender("Eve")
    values = {"sender_id": sender.pk, "trait": "country", "key": "", "wanted": ["GB"]}

    with pytest.raises(Invalid) as refused:
        add_rule(RuleData(**{**values, **data}), actor=ADA)

    assert list(refused.value.fields) == [field]
    assert SenderRule.objects.count() == 0


def test_only_a_verified_sender_gets_a_rule_and_keeps_its_address_and_itself(
    shop: Tenant,
) -> None:
    stranger = make_sender("Eve", verified_at=None)
    with pytest.raises(Conflict):
        let(stranger, "country", "GB")
    sender = make_sender("Bob")
    rule = let(sender, "country", "GB")

    with pytest.raises(Conflict):
        update_sender(sender.pk, SenderData("Bob", "bob@else.example", ""), actor=ADA)
    with pytest.raises(Conflict):
        remove_sender(sender.pk, actor=ADA)
    sender.refresh_from_db()
    assert sender.email == "bob@ada-soap.example"

    remove_rule(rule.pk, actor=ADA)
    assert remove_sender(sender.pk, actor=ADA) == "bob@ada-soap.example"
    with pytest.raises(NotFound):
        remove_rule(rule.pk, actor=ADA)


def test_rules_are_added_moved_tried_and_removed_on_the_page(shop: Tenant) -> None:
    client = sign_in(shop)
    path = f"/t/{shop.slug}/settings/senders/"
    eve = make_sender("Eve")
    make_recipient(first_name="Zoë", country="GB", properties={"owner": "eve"})
    assert "Everybody hears from the default sender" in client.get(path).content.decode()

    refused = client.post(
        f"{path}rules/new/?trait=country", {"wanted": "Gb\nFrance", "sender": eve.pk}
    )
    assert refused.status_code == 422
    client.post(f"{path}rules/new/?trait=country", {"wanted": "gb\nfr", "sender": eve.pk})
    other = Sender.objects.get(is_default=True).pk
    Sender.objects.filter(pk=other).update(verified_at="2026-01-01T00:00Z")
    data = {"key": "owner", "wanted": "Eve", "sender": other}
    client.post(f"{path}rules/new/?trait=property", data)
    first, second = SenderRule.objects.order_by("position")
    assert (first.wanted, second.key) == (["GB", "FR"], "owner")

    answer = client.get(f"{path}for/").content.decode()
    assert "Country is GB, FR" in answer
    client.post(f"{path}rules/{second.pk}/move/")
    assert "owner is Eve" in client.get(f"{path}for/").content.decode()
    client.post(f"{path}rules/{second.pk}/remove/")
    client.post(f"{path}rules/{first.pk}/remove/")
    assert "No rule fits" in client.get(f"{path}for/").content.decode()
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "sender_rule.added",
        "sender_rule.added",
        "sender_rule.moved",
        "sender_rule.removed",
        "sender_rule.removed",
    ]


def test_the_api_tells_the_rules_of_a_sender(shop: Tenant) -> None:
    sender = make_sender("Eve")
    let(sender, "property", "Eve", key="owner")
    with transaction.atomic():
        secret = make_key(shop)

    found = call_with(secret).get(f"/api/v1/senders/{sender.pk}/").json()

    assert found["rules"] == [
        {"position": 1, "trait": "property", "key": "owner", "wanted": ["Eve"]}
    ]


def test_a_move_of_what_is_not_there_changes_nothing(shop: Tenant) -> None:
    with pytest.raises(NotFound):
        move_rule(1, actor=ADA)
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("way", ["smtp", "one by one"])
def test_a_sender_of_a_rule_whom_the_provider_does_not_know_stops_nobody_elses_mail(
    shop: Tenant, smtp: SmtpServer, way: str
) -> None:
    paris = make_sender("Paris", email="bonjour@soap.example")
    let(paris, "country", "FR")
    template = make_template()
    for number in range(24):
        queue_message(make_recipient(country="GB" if number in {12, 23} else "FR"), template)

    if way == "smtp":
        smtp.sender_answers[paris.email] = "553 Sender address rejected: not owned by user"
        drain()
    else:
        send_set(lane_over(OneByOne(paris.email)), size=50)

    rows = Message.objects.values_list("profile__country", "status", "attempts")
    assert Counter(rows) == {("GB", "sent", 1): 2, ("FR", "pending", 1): 22}
    assert not ChannelAccount.objects.get().is_paused
    assert not AccountHealth.objects.exclude(open_until=None).exists()


class OneByOne:
    """A provider of one mail a request that does not know a sender."""

    def __init__(self, unknown: str) -> None:
        self._unknown = unknown

    def send(self, mail: OutgoingEmail) -> Handed:
        if mail.from_address == self._unknown:
            raise ChannelUnavailable("unknown", is_account_fault=True, is_sender_fault=True)
        return Handed()


def test_the_usual_sender_whom_the_provider_does_not_know_is_the_accounts_fault(
    shop: Tenant, smtp: SmtpServer
) -> None:
    smtp.sender_answer = "553 Sender address rejected: not owned by user"
    queue_message(make_recipient(), make_template())

    drain()

    assert list(Message.objects.values_list("status", "attempts")) == [("pending", 0)]
    assert ChannelAccount.objects.get().is_paused
