"""Merging by rule: off until it is switched on, a few a day, and never against a person."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.models import ConsentEvent, Identity, MergeRules, ProbableDuplicate, Profile, ProfileMerge
from crm.queries.merge_rules import find_rules, list_rules
from crm.services.checks import find_differences
from crm.services.duplicates import set_apart
from crm.services.merge_rules import choose_rules
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel import clock
from kernel.errors import Invalid
from kernel.work import drain_tenant
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_profile, make_store
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db
ACTOR = "ada@example.com"
ALL = ["same_mailbox", "typo_at_home", "phone_at_home"]


def person(email: str, **fields: object) -> Profile:
    values = {
        "first_name": "Ada",
        "last_name": "Byron",
        "name_norm": "ada byron",
        "email": email,
        "email_norm": email,
        "country": "GB",
        "postcode": "SW1A 1AA",
        **fields,
    }
    return make_profile(**values)


def pair(one: Profile, other: Profile, *reasons: str, **fields: object) -> ProbableDuplicate:
    values = {"reasons": list(reasons), "score": 95, "found_at": clock.now(), **fields}
    low, high = sorted((one, other), key=lambda each: each.pk)
    return ProbableDuplicate.objects.create(one=low, other=high, **values)


def run(tenant: Tenant) -> list[tuple[int, int]]:
    """Let the rules work, and return winner and loser of every merge."""
    MergeRules.objects.update(due_at=clock.now())
    drain_tenant(tenant.pk)
    merges = ProfileMerge.objects.filter(rule__startswith="rule:").order_by("pk")
    return list(merges.values_list("winner_id", "loser_id"))


@pytest.mark.covers("P8")
def test_nothing_is_merged_before_a_rule_is_on_and_each_merge_names_its_rule(
    tenant: Tenant,
) -> None:
    dotted = pair(person("ada.b@gmail.com"), person("adab+shop@gmail.com"), "same_mailbox")
    typo = pair(
        person("cy@gmail.com", name_norm="cy x"),
        person("cy@gmial.com", name_norm="cy x", postcode="sw1a1aa"),
        "email_typo",
        "name_and_postcode",
    )
    assert run(tenant) == []
    assert [line.pairs for line in list_rules(find_rules())] == [1, 1, 0]

    choose_rules(["same_mailbox"], 50, actor=ACTOR)
    drain_tenant(tenant.pk)

    assert run(tenant) == [(dotted.one_id, dotted.other_id)]
    typo.refresh_from_db()
    assert typo.status == "open"
    entry = AuditEntry.objects.get(action="profile.merged_by_rule")
    assert (entry.actor, entry.after) == (
        "system",
        {"rule": "same_mailbox", "winner_id": dotted.one_id, "loser_ids": [dotted.other_id]},
    )
    assert find_differences() == []


@pytest.mark.covers("P8")
def test_a_person_decides_what_is_left_to_weigh(tenant: Tenant) -> None:
    store = make_store()
    says_no = person("a.a@gmail.com", email_consent="unsubscribed")
    pair(says_no, person("aa@gmail.com", email_consent="subscribed"), "same_mailbox")
    both_known = [person("b.b@gmail.com"), person("bb@gmail.com")]
    for number, profile in enumerate(both_known):
        Identity.objects.create(
            profile=profile,
            kind="customer_id",
            value_norm=f"{store.pk}:{number}",
            store_id=store.pk,
            first_seen_at=clock.now(),
            last_seen_at=clock.now(),
        )
    pair(both_known[0], both_known[1], "same_mailbox")
    many = [person(f"c{'.' * dots}c@gmail.com") for dots in (0, 1)] + [person("c.c+x@gmail.com")]
    pair(many[0], many[1], "same_mailbox")
    pair(many[1], many[2], "same_mailbox")
    pair(person("d.d@gmail.com"), person("dd@gmail.com", name_norm="dan byron"), "same_mailbox")
    elsewhere = person("e@gmial.com", postcode="LS1 1AA")
    pair(person("e@gmail.com"), elsewhere, "email_typo", "name_and_city")
    choose_rules(ALL, 50, actor=ACTOR)

    assert run(tenant) == []
    assert not ConsentEvent.objects.exists()


@pytest.mark.covers("P8")
def test_not_the_same_wins_for_ever_also_by_undoing_and_over_others(tenant: Tenant) -> None:
    choose_rules(ALL, 50, actor=ACTOR)
    apart = pair(person("a.a@gmail.com"), person("aa@gmail.com"), "same_mailbox")
    set_apart([apart.pk], actor=ACTOR)
    undone = pair(person("b.b@gmail.com"), person("bb@gmail.com"), "same_mailbox")
    assert run(tenant) == [(undone.one_id, undone.other_id)]

    unmerge_profile(ProfileMerge.objects.get().pk)
    undone.refresh_from_db()
    assert undone.status == "open"
    another = person("a.a+x@gmail.com")
    merge_profiles([(another.pk, apart.one_id)], rule="manual")
    low, high = sorted((another.pk, apart.other_id))
    ProbableDuplicate.objects.update_or_create(
        one_id=low,
        other_id=high,
        defaults={"status": "open", "reasons": ["same_mailbox"], "score": 95},
    )

    assert len(run(tenant)) == 1


def test_the_brake_holds_for_the_day_and_the_rest_follows_on_the_next(tenant: Tenant) -> None:
    for letter in "abc":
        pair(person(f"{letter}.x@gmail.com"), person(f"{letter}x@gmail.com"), "same_mailbox")
    choose_rules(["same_mailbox"], 2, actor=ACTOR)

    assert len(run(tenant)) == 2
    assert len(run(tenant)) == 2
    with clock.simulated(clock.now() + timedelta(days=1)):
        assert len(run(tenant)) == 3
    with pytest.raises(Invalid):
        choose_rules(["everybody"], 2, actor=ACTOR)
    with pytest.raises(Invalid):
        choose_rules([], 0, actor=ACTOR)


def test_the_page_switches_rules_and_leads_to_the_undo(tenant: Tenant) -> None:
    client: Client = sign_in(tenant, "owner")
    pair(person("a.a@gmail.com"), person("aa@gmail.com"), "same_mailbox")
    address = f"/t/{tenant.slug}/profiles/duplicates/rules/"
    assert "1 pair" in client.get(address).content.decode()

    saved = client.post(f"{address}save/", {"rules": ["same_mailbox"], "per_day": "5"})
    assert saved.status_code == 302
    run(tenant)

    merge = ProfileMerge.objects.get()
    page = client.get(address).content.decode()
    assert f"/profiles/{merge.winner_id}/merges/{merge.pk}/undo/" in page
    refused = client.post(f"{address}save/", {"rules": ["same_mailbox"], "per_day": "0"})
    assert refused.status_code == 422
    assert MergeRules.objects.get().per_day == 5
    person_page = client.get(f"/t/{tenant.slug}/profiles/{merge.winner_id}/merges/")
    assert "By your rule: one mailbox and the same name" in person_page.content.decode()
