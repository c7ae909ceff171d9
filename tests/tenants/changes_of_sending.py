"""What is posted to the pages that pause messages and say how many of them leave."""

from typing import Any, Final

OF_SENDING: Final[dict[str, dict[str, Any]]] = {
    "settings/reputation/guard/": {
        "is_on": "on",
        "bounce_warn": "1",
        "bounce_stop": "4",
        "complaint_warn": "0.1",
        "complaint_stop": "0.3",
        "unsubscribe_warn": "1",
        "least_sent": "500",
    },
    "settings/reputation/start/": {
        "which": "domain:soap.example",
        "first": "100",
        "last": "5000",
        "days": "30",
    },
    "settings/reputation/<int:plan_id>/": {"action": "end"},
    "settings/senders/rules/new/": {"wanted": "champions", "sender": ()},
    "settings/senders/rules/<int:sender_rule_id>/move/": {},
    "settings/senders/rules/<int:sender_rule_id>/remove/": {},
    "settings/writing-help/": {"base_url": "https://models.example/v1", "model": "small"},
    "settings/channels/<int:channel_id>/": {"name": "Renamed"},
    "settings/channels/<int:channel_id>/default/": {},
    "settings/channels/<int:channel_id>/pause/": {},
    "settings/channels/<int:channel_id>/remove/": {},
    "settings/utm/": {"is_on": "on", "utm_source": "mail"},
    "settings/rates/": {"mailbox:gmail": "600"},
    "messages/stops/pause/": {"which": "promotions"},
    "messages/stops/cancel/": {"which": "promotions"},
    "messages/stops/<int:stop_id>/resume/": {},
}
