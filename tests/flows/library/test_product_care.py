"""What people need to know of what they bought, by what kind of product it is."""

import pytest

from tests.flows.library.goods import of_library, sell
from tests.flows.library.story import Story


@pytest.mark.covers("F9")
def test_each_kind_of_product_has_its_own_guide_at_its_own_time(story: Story) -> None:
    radio = sell(story, "radio", "Radio", "technical")
    watch = sell(story, "watch", "Watch", "technical", "high_value")
    soap = sell(story, "soap", "Lemon soap", "consumable")
    story.install("technical_setup")
    story.install("high_value_care")
    for name in ("ada", "bob", "eve", "dan", "fay"):
        # Guides are part of the service: no consent is needed.
        story.person(name, email_consent="unsubscribed")
    story.order("ada", lines=[radio, soap])
    story.order("bob", lines=[watch])
    story.order("eve", lines=[soap])
    dan = story.order("dan", lines=[radio])
    story.order("fay", lines=[radio])
    sent = story.live(days=3, hours=1)
    story.call(
        "returns",
        {
            "external_id": "r-1",
            "order_external_id": dan,
            "status": "requested",
            "requested_at": "2026-06-04T12:00:00Z",
        },
    )
    story.call(
        "tickets",
        {
            "external_id": "t-1",
            "profile": story.who("fay"),
            "status": "open",
            "opened_at": "2026-06-04T12:00:00Z",
            "updated_at": "2026-06-04T12:00:00Z",
        },
    )
    sent += story.live(days=6)

    assert of_library(sent) == [
        ("06-03 12:00", "ada", "setup_guide"),
        ("06-03 12:00", "bob", "setup_guide"),
        ("06-03 12:00", "dan", "setup_guide"),
        ("06-03 12:00", "fay", "setup_guide"),
        ("06-04 12:00", "bob", "care_guide"),
        ("06-08 12:00", "ada", "setup_check_in"),
        ("06-08 12:00", "bob", "setup_check_in"),
    ]
    [guide, *_] = [each for each in story.outbox.sent if "Set up in" in each.content.subject]
    assert ("Radio" in guide.content.text, "Lemon soap" in guide.content.text) == (True, False)
