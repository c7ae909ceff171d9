"""Push messages while they are written: three looks, where they lead, how much of them is shown."""

import pytest

from messaging.services.sizing import describe_text
from tenants.models import Tenant
from tests.factories.tenants import sign_in

PICTURE = "https://shop.example/soap.png"


@pytest.mark.covers("M6")
def test_a_push_message_is_shown_as_three_systems_show_it(tenant: Tenant) -> None:
    client = sign_in(tenant)
    made = client.post(
        "/t/ada-soap/content/templates/new/",
        {"name": "Soap", "channel": "push", "message_class": "service", "start": "blank"},
    )
    said = {
        "name": "Soap",
        "message_class": "service",
        "title": "For {{ person.first_name }}",
        "text": "Lemon soap is back.",
        "url": "https://shop.example/soap?a=1",
        "image": PICTURE,
    }
    shown = client.post(made.headers["Location"].replace("/edit/", "/look/"), said)
    words = shown.content.decode()
    for look in ("Android", "iPhone", "Desktop browser"):
        assert look in words
    assert words.count(f'src="{PICTURE}"') == 3
    assert "For {{" not in words
    assert "Ada Soap · shop.example" in words
    assert "about 40 are shown" in words
    assert "It opens" in words


def test_what_depends_on_the_reader_is_no_address_yet(tenant: Tenant) -> None:
    content = {"title": "Hello", "url": "{{ store.url }}", "image": "{{ event.image }}"}
    shown = describe_text("push", "Hello", content)
    assert (shown.host, shown.image, shown.url) == ("", "", "{{ store.url }}")
