"""Recomputes what crm derives, and names each difference."""

from collections.abc import Sequence

from crm.services.catalog import find_wrong_figures
from crm.services.refills import find_wrong_purchases
from crm.services.repointing import count_left_behind
from kernel.sql import run_sql

NAMED = 20
"""Differences of one kind that are named one by one; the rest is counted."""


def find_differences() -> list[str]:
    """Compare figures, projections and links with the facts they come from.

    Call it inside a transaction. Profiles whose events still wait for handlers are left out of
    the comparison of figures.

    Returns:
        One line for each difference; empty is right.
    """
    return [
        *_shorten(_wrong_facts()),
        *_shorten(_wrong_care()),
        *_shorten(_wrong_touches()),
        *_shorten(_wrong_behaviour()),
        *_shorten(_stray_facts()),
        *_shorten(_wrong_consent()),
        *_shorten(_lost_events()),
        *_shorten(_misplaced_refunds()),
        *_shorten(_wrong_sums()),
        *_shorten(_wrong_lines()),
        *_shorten(_wrong_stock()),
        *_shorten(_wrong_flags()),
        *_shorten(find_wrong_figures()),
        *_shorten(find_wrong_purchases()),
        *_left_behind(),
    ]


def _wrong_facts() -> list[str]:
    """Name wrong figures; those of a scoring as of a past day are right by its own end."""
    everything = {"ids": None, "until": None}
    live = run_sql("crm.check_facts", **everything, until_refreshed=False)
    if not live:
        return []
    past = run_sql("crm.check_facts", **everything, until_refreshed=True)
    of_past_day = {row.profile_id for row in past}
    return [
        f"facts of profile {row.profile_id}: {row.stored}, recomputed {row.recomputed}"
        for row in live
        if row.profile_id in of_past_day
    ]


def _wrong_care() -> list[str]:
    return [
        f"what is open of profile {row.profile_id}: {row.stored}, recomputed {row.recomputed}"
        for row in run_sql("crm.check_care", ids=None)
    ]


def _wrong_touches() -> list[str]:
    return [
        f"{row.what} of profile {row.profile_id}: {row.stored}, recomputed {row.recomputed}"
        for row in run_sql("crm.check_touches")
    ]


def _wrong_behaviour() -> list[str]:
    return [
        f"times of profile {row.profile_id}: {row.stored}, recomputed {row.recomputed}"
        for row in run_sql("crm.check_behaviour", ids=None)
    ]


def _stray_facts() -> list[str]:
    rows = run_sql("crm.check_stray_facts")
    return [f"facts of profile {row.profile_id}: it was merged or erased" for row in rows]


def _wrong_consent() -> list[str]:
    return [
        f"{row.channel} consent of profile {row.profile_id}: {row.stored}, "
        f"recomputed {row.recomputed}"
        for row in run_sql("crm.check_consent", ids=None)
    ]


def _lost_events() -> list[str]:
    rows = run_sql("crm.check_event_keys")
    return [f"the event of {row.dedupe_key} does not exist" for row in rows]


def _misplaced_refunds() -> list[str]:
    rows = run_sql("crm.check_refunds")
    return [f"refund {row.external_id} is not where its order is" for row in rows]


def _wrong_sums() -> list[str]:
    rows = run_sql("crm.check_refunded")
    return [
        f"refunds of order {row.external_id}: {row.stored}, recomputed {row.recomputed}"
        for row in rows
    ]


def _wrong_lines() -> list[str]:
    rows = run_sql("crm.check_lines")
    return [f"order {row.external_id} contradicts its lines" for row in rows]


def _wrong_stock() -> list[str]:
    return [
        f"stock of {row.what} {row.external_id}: {row.stored}, recomputed {row.recomputed}"
        for row in run_sql("crm.check_stock")
    ]


def _wrong_flags() -> list[str]:
    return [
        f"flags of product {row.id}: {row.stored}, recomputed {row.recomputed}"
        for row in run_sql("crm.check_flags")
    ]


def _left_behind() -> list[str]:
    return [
        f"{count} rows of {place} point at a merged profile"
        for place, count in count_left_behind().items()
    ]


def _shorten(lines: Sequence[str]) -> list[str]:
    more = len(lines) - NAMED
    return [*lines[:NAMED], *([f"and {more} more like it"] if more > 0 else [])]
