"""Consent to WhatsApp and push: kept, merged, exported, found and forgotten like the others."""

import pytest

from crm.choices import ConsentState
from crm.models import ConsentEvent, Event, Profile
from crm.queries.reach import find_reach
from crm.queries.resources import build_profiles, export_profile
from crm.services.checks import find_differences
from crm.services.consent import record_consent, suppress
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel import clock
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.crm import apply, customer, make_store
from tests.factories.tenants import sign_in

pytestmark = [
    pytest.mark.usefixtures("noting_handlers", "tenant"),
    pytest.mark.django_db,
    pytest.mark.covers("C1"),
]


def person(**fields: str) -> Profile:
    return Profile.objects.create(**{"first_name": "Ada", **fields})


@pytest.mark.parametrize("channel", ["whatsapp", "push"])
def test_what_is_said_of_a_channel_is_kept_on_the_profile(channel: str) -> None:
    ada = person()
    assert record_consent(ada.pk, channel, ConsentState.SUBSCRIBED, method="api")
    assert not record_consent(ada.pk, channel, ConsentState.SUBSCRIBED, method="api")
    ada.refresh_from_db()
    states = {name: getattr(ada, f"{name}_consent") for name in ("email", "sms", channel)}
    assert states == {"email": "never", "sms": "never", channel: "subscribed"}
    assert getattr(ada, f"{channel}_consent_at") == ConsentEvent.objects.get().occurred_at
    event = Event.objects.get(name="Consent Changed")
    assert event.properties == {
        "channel": channel,
        "before": "never",
        "state": "subscribed",
        "method": "api",
    }
    assert build_profiles([ada.pk])[0]["consent"][channel]["state"] == "subscribed"
    assert len(export_profile(ada.pk).consents) == 1


def test_a_store_or_the_api_can_say_so_with_the_customer() -> None:
    store = make_store()
    apply(store, customer("c1", whatsapp_consent="subscribed", push_consent="unsubscribed"))
    found = Profile.objects.get()
    assert (found.whatsapp_consent, found.push_consent) == ("subscribed", "unsubscribed")
    assert (found.email_consent, found.sms_consent) == ("never", "never")
    assert set(ConsentEvent.objects.values_list("channel", "state")) == {
        ("whatsapp", "subscribed"),
        ("push", "unsubscribed"),
    }


def test_a_merge_takes_the_most_restrictive_and_an_undo_gives_back() -> None:
    ada, other = person(), person(first_name="Ada B.")
    record_consent(ada.pk, "whatsapp", ConsentState.SUBSCRIBED, method="api")
    record_consent(other.pk, "whatsapp", ConsentState.UNSUBSCRIBED, method="keyword")
    record_consent(other.pk, "push", ConsentState.SUBSCRIBED, method="api")
    [merge] = merge_profiles([(ada.pk, other.pk)], rule="manual")
    ada.refresh_from_db()
    assert (ada.whatsapp_consent, ada.push_consent) == ("unsubscribed", "subscribed")
    unmerge_profile(merge)
    ada.refresh_from_db()
    other.refresh_from_db()
    assert (ada.whatsapp_consent, ada.push_consent) == ("subscribed", "never")
    assert (other.whatsapp_consent, other.push_consent) == ("unsubscribed", "subscribed")


def test_what_is_kept_is_what_the_history_says() -> None:
    ada = person()
    record_consent(ada.pk, "whatsapp", ConsentState.SUBSCRIBED, method="api")
    assert find_differences() == []
    Profile.objects.update(whatsapp_consent="unsubscribed")
    assert len(find_differences()) == 1


def test_erasing_forgets_it(tenant: Tenant) -> None:
    ada = person()
    record_consent(ada.pk, "whatsapp", ConsentState.SUBSCRIBED, method="api", detail="in the shop")
    erase_profiles([ada.pk])
    assert not ConsentEvent.objects.exclude(detail="").exists()


def test_a_number_is_reached_on_whatsapp_where_anything_is_known_of_it() -> None:
    ada = person(phone="+447700900123", whatsapp_consent="subscribed")
    never = person(phone="+447700900124")
    reach, none = find_reach([ada, never], clock.now())
    assert [(each.label, each.level) for each in reach[2:]] == [("WhatsApp", "yes")]
    assert none[2:] == []
    suppress("whatsapp", ada.phone, "invalid_address")
    [reach] = find_reach([ada], clock.now())
    assert [(each.label, each.level) for each in reach[2:]] == [("WhatsApp", "no")]
    told = Event.objects.get(name="Suppression Changed")
    assert told.properties == {"channel": "whatsapp", "is_stopped": True}


def test_members_record_it_and_lists_find_it(tenant: Tenant) -> None:
    ada = person(first_name="Whatsa")
    person(first_name="Nobody")
    client = sign_in(tenant, Role.SUPPORT)
    page = f"/t/{tenant.slug}/profiles/{ada.pk}/consent/change/"
    said = {"channel": "whatsapp", "state": "subscribed", "reason": "Asked at the till"}
    assert client.post(page, said).status_code == 302
    ada.refresh_from_db()
    assert ada.whatsapp_consent == "subscribed"
    listed = client.get(f"/t/{tenant.slug}/profiles/?whatsapp_consent=subscribed").text
    assert "Whatsa" in listed
    assert "Nobody" not in listed
