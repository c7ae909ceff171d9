"""The pages and addresses of campaigns: what a `Page` and an `Endpoint` are made of."""

from typing import Final

CAMPAIGN_PAGES: Final = (
    ("campaigns/", "get", "view"),
    ("campaigns/calendar/", "get", "view"),
    ("campaigns/new/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/", "get", "view"),
    ("campaigns/<int:campaign_id>/progress/", "get", "view"),
    ("campaigns/<int:campaign_id>/compose/", "get", "flows.edit"),
    ("campaigns/<int:campaign_id>/size/", "get", "flows.edit"),
    ("campaigns/<int:campaign_id>/people/", "get", "view"),
    ("campaigns/<int:campaign_id>/rehearsal/", "get", "flows.edit"),
    ("campaigns/<int:campaign_id>/days.json", "get", "view"),
    ("campaigns/<int:campaign_id>/report.csv", "get", "view"),
    ("campaigns/<int:campaign_id>/schedule/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/unschedule/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/pause/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/resume/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/cancel/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/duplicate/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/resend/", "post", "flows.edit"),
    ("campaigns/<int:campaign_id>/delete/", "post", "flows.edit"),
)
CAMPAIGN_API: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("campaigns/", ("get", "post"), ""),
    ("campaigns/<pk>/", ("get", "patch", "delete"), "campaign_id"),
    ("campaigns/<pk>/schedule/", ("post",), "campaign_id"),
    ("campaigns/<pk>/unschedule/", ("post",), "campaign_id"),
    ("campaigns/<pk>/pause/", ("post",), "campaign_id"),
    ("campaigns/<pk>/resume/", ("post",), "campaign_id"),
    ("campaigns/<pk>/cancel/", ("post",), "campaign_id"),
    ("campaigns/<pk>/resend/", ("post",), "campaign_id"),
    ("campaigns/<pk>/report/", ("get",), "campaign_id"),
    ("campaigns/<pk>/dry-run/", ("post",), "campaign_id"),
)
