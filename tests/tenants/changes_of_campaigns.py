"""What is posted to pages of flows and campaigns, and how these must stand before."""

from datetime import date
from typing import Any, Final

from django.db.models import Model

from flows.models import Campaign, Flow, FlowRun
from flows.services.product_issues import Issue

_ONE: Final = "campaigns/<int:campaign_id>/"
OF_FLOWS: Final[dict[str, dict[str, Any]]] = {
    "flows/draft/": {"group": "champions"},
    "flows/<int:flow_id>/status/": {"on": "1"},
    "flows/<int:flow_id>/resume/": {},
    "flows/<int:flow_id>/settings/": {"holdout": "4"},
    "flows/<int:flow_id>/put-in/": {"segment": ()},
    "flows/<int:flow_id>/state/": {"holdout": "5"},
    "flows/<int:flow_id>/enrol/": {"segment": ()},
    "flows/<int:flow_id>/review/decide/": {"action": "cancel", "all": "1"},
    "profiles/<int:profile_id>/flows/enrol/": {"flow": ()},
    "flows/early-access/": {
        "name": "First",
        "url": "https://shop.example/first",
        "segments": (),
        "public_at": "2030-06-01T12:00",
        "hours": "6",
    },
    "flows/early-access/<int:access_list_id>/delete/": {},
    "catalog/<int:product_id>/issue/": {
        "first_day": "2026-01-01",
        "last_day": "2026-12-31",
        "what": "The lid breaks",
        "send": "1",
        "seen": Issue(0, date(2026, 1, 1), date(2026, 12, 31)).sold_fingerprint,
    },
    "tasks/<int:task_id>/finish/": {"state": "done"},
    "campaigns/new/": {},
    f"{_ONE}compose/": {"name": "Summer", "version": "1"},
    f"{_ONE}unschedule/": {},
    f"{_ONE}pause/": {"reason": "Wrong price"},
    f"{_ONE}resume/": {},
    f"{_ONE}cancel/": {},
    f"{_ONE}duplicate/": {},
    f"{_ONE}resend/": {"hours": "24"},
    f"{_ONE}delete/": {},
}
BEFORE_FLOWS: Final[dict[str, tuple[type[Model], dict[str, Any]]]] = {
    "flows/<int:flow_id>/resume/": (FlowRun, {"status": "failed"}),
    "flows/<int:flow_id>/enrol/": (Flow, {"status": "live"}),
    "flows/<int:flow_id>/put-in/": (Flow, {"status": "live"}),
    "profiles/<int:profile_id>/flows/enrol/": (Flow, {"status": "live"}),
    f"{_ONE}compose/": (Campaign, {"state": "draft"}),
    f"{_ONE}unschedule/": (Campaign, {"state": "scheduled"}),
    f"{_ONE}pause/": (Campaign, {"state": "sending"}),
    f"{_ONE}resume/": (Campaign, {"state": "paused", "resumes_to": "sending"}),
    f"{_ONE}cancel/": (Campaign, {"state": "sending"}),
    f"{_ONE}resend/": (Campaign, {"state": "sent"}),
    f"{_ONE}delete/": (Campaign, {"state": "draft"}),
}
