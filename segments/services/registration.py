"""What this app fills into the registries of the apps below."""

from crm.panels import (
    ListFilter,
    OrderPart,
    Panel,
    fill_filter,
    fill_order_part,
    fill_panel,
    fill_words,
)
from crm.services.events import COUNTED
from crm.services.people_back import DERIVED
from messaging.panels import SenderTrait, fill_losing, fill_sender_trait
from messaging.queries.showing import SEGMENT
from segments.queries import rfm_groups, words
from segments.queries.listing import list_memberships
from segments.queries.unsubscribes import count_unsubscribes
from segments.services.live import counted_names


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    DERIVED.update(
        {
            "segments_membership",
            "segments_rfmscore",
            "segments_rfmchange",
            "segments_defect",
        }
    )
    COUNTED.append(counted_names)
    fill_losing(count_unsubscribes)
    fill_sender_trait(
        SenderTrait("rfm", "RFM group", rfm_groups.list_groups, rfm_groups.find_groups)
    )
    fill_sender_trait(
        SenderTrait(
            SEGMENT, "Segment", words.segment_choices, list_memberships, is_for_content=True
        )
    )
    fill_panel(Panel("segments", "Segments", "segments:profile", 30))
    fill_order_part(OrderPart("segments", "Segments", "segments:order", 20))
    fill_words("segments", "Segments", words.EVENTS, words.speak_moves)
    fill_filter(
        ListFilter(
            key="segment",
            label="Segment",
            anything="Segment",
            list_choices=words.segment_choices,
            sql=words.IN_SEGMENT,
            define=lambda value: {"segment": value, "is": "member"},
            order=20,
        )
    )
    fill_filter(
        ListFilter(
            key="rfm_group",
            label="RFM group",
            anything="RFM group",
            list_choices=words.group_choices,
            sql="f.rfm_group = %(rfm_group)s",
            counted_from=words.IN_GROUP,
            define=lambda value: {"field": "rfm_group", "is": "=", "value": value},
            order=30,
        )
    )
