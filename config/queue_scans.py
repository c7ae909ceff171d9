"""How much work of each kind waits over all tenants, and since when. Run as `patron_sys`."""

from typing import Final

_WAITING: Final = {
    "inbox": ("stores_inboxdelivery", "received_at", "status = 'pending'"),
    "reactions": ("crm_reaction", "created_at", "true"),
    "segments": ("segments_membership", "reeval_at", "reeval_at <= now()"),
    "rollups": ("analytics_rollupchange", "created_at", "true"),
    "flows": ("flows_flowrun", "wake_at", "status = 'active' AND wake_at <= now()"),
    "messages": (
        "messaging_message",
        "due_at",
        "status IN ('pending', 'sending') AND due_at <= now()",
    ),
}
"""Table, time since which a row waits, and condition by kind of work (`config.work`)."""

DEPTHS: Final = {
    kind: f"SELECT count(*) FROM {table} WHERE {condition}"  # noqa: S608 constants of this file
    for kind, (table, _, condition) in _WAITING.items()
}
AGES: Final = {
    kind: (
        f"SELECT extract(epoch FROM now() - min({since})) FROM {table} "  # noqa: S608 likewise
        f"WHERE {condition}"
    )
    for kind, (table, since, condition) in _WAITING.items()
}
