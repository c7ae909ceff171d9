"""Which side wins, and what may be written at all."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.domain.codes import CodeTerms, clean_code
from stores.domain.writing import Said, Wish, judge_consent, plan_fields, plan_tags

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TAGS = st.sets(st.sampled_from(["a", "b", "c", "A", "own"]))


def wish(value: Mapping[str, object], memo: Mapping[str, object] | None = None) -> Wish:
    return Wish(id=1, version=1, subject="1", value=value, memo=memo or {})


def folded(tags: Iterable[str] | None) -> set[str]:
    return {tag.casefold() for tag in tags or ()}


@settings(max_examples=40, deadline=None)
@given(own=TAGS, wanted=st.lists(TAGS, min_size=1, max_size=5))
def test_tags_of_the_shop_survive_whatever_patron_gives_and_takes(
    own: set[str], wanted: list[set[str]]
) -> None:
    there = set(own)
    memo: dict[str, Any] = {"tags": []}
    for tags in wanted:
        step = plan_tags(wish({"tags": sorted(tags)}, memo), there)
        assert folded(there).isdisjoint(folded(step.change.get("added")))
        there |= set(step.change.get("added", ()))
        there -= {tag for tag in there if tag.casefold() in folded(step.change.get("removed"))}
        memo = dict(step.memo or {})
        assert own <= there
        assert folded(tags) <= folded(there)
        assert plan_tags(wish({"tags": sorted(tags)}, memo), there).change == {}
    step = plan_tags(wish({"tags": []}, memo), there)
    assert folded(there) - folded(step.change.get("removed")) == folded(own)


def test_figures_whose_answer_was_lost_are_written_again() -> None:
    first = plan_fields(wish({"orders_count": 2}, {"fields": {"orders_count": 1, "old": 5}}))
    assert first.change == {"set": {"orders_count": 2}, "removed": ["old"]}
    assert first.claim is not None
    again = plan_fields(wish({"orders_count": 2}, dict(first.claim)))
    assert again.change == first.change
    assert first.memo is not None
    assert plan_fields(wish({"orders_count": 2}, dict(first.memo))).change == {}


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (("unsubscribed", 0), ("subscribed", -1), "write"),
        (("unsubscribed", 0), ("subscribed", 1), "The shop has a newer"),
        (("subscribed", 0), ("unsubscribed", 1), "The shop has a newer"),
        (("subscribed", 0), ("unsubscribed", 0), "The shop has a newer"),
        (("unsubscribed", 0), ("subscribed", 0), "write"),
        (("subscribed", 0), ("unsubscribed", -1), "write"),
        (("subscribed", 0), ("never", None), "write"),
        (("subscribed", 0), ("unsubscribed", None), "The shop has a newer"),
        (("unsubscribed", 0), ("subscribed", None), "write"),
        (("withdrawn", 0), ("unsubscribed", -1), "same"),
    ],
)
def test_the_later_statement_holds_and_the_stricter_of_two_equals(
    ours: tuple[str, int], theirs: tuple[str, int | None], verdict: str
) -> None:
    def said(state: str, hours: int | None) -> Said:
        at = None if hours is None else NOON + timedelta(hours=hours)
        return Said(state, at, "ada@example.com")

    assert judge_consent(said(*ours), said(*theirs)).startswith(verdict)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "half"},
        {"amount": Decimal(0)},
        {"amount": Decimal(101)},
        {"ends_at": NOON - timedelta(days=1)},
        {"usage_limit": 0},
        {"minimum": Decimal(0)},
    ],
)
def test_terms_that_make_no_sense_are_refused(changes: dict[str, object]) -> None:
    terms: dict[str, object] = {"kind": "percent", "amount": Decimal(10), "starts_at": NOON}
    assert CodeTerms(**terms).find_fault() == ""  # type: ignore[arg-type] # made up
    assert CodeTerms(**{**terms, **changes}).find_fault()  # type: ignore[arg-type] # likewise


def test_a_code_is_plain_or_none() -> None:
    assert clean_code(" Hello-10_x ") == "Hello-10_x"
    assert [clean_code(text) for text in ("", "50% off", "é1", "x" * 51)] == ["", "", "", ""]
