"""Pairs of profiles that may be one shopper, as people decide them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.choices import DuplicateReason, DuplicateStatus
from crm.models import DuplicateSearch, ProbableDuplicate
from kernel.keyset import Place, Rows, Sorting, Statement, count_up_to, select_page

LIKELY = 70
"""Score from which a pair is called likely."""
PAGE = 25
REASONS = dict(DuplicateReason.choices)
SCORES = (("likely", f"Likely, {LIKELY} or more"), ("possible", f"Possible, below {LIKELY}"))
_FROM = """
FROM crm_probableduplicate AS d
JOIN crm_profile AS o ON o.tenant_id = %(tenant_id)s AND o.id = d.one_id
JOIN crm_profile AS t ON t.tenant_id = %(tenant_id)s AND t.id = d.other_id
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = d.one_id
LEFT JOIN crm_profilefacts AS g ON g.tenant_id = %(tenant_id)s AND g.profile_id = d.other_id
"""
_SELECT = f"""
SELECT d.id, d.score, d.reason, d.reasons, d.status, d.decided_at, d.decided_by, d.noted_at,
    o.id AS one_id, o.first_name AS one_first, o.last_name AS one_last, o.email AS one_email,
    o.phone AS one_phone, COALESCE(f.order_count, 0) AS one_orders,
    COALESCE(f.net_minor, 0) AS one_net,
    t.id AS other_id, t.first_name AS other_first, t.last_name AS other_last,
    t.email AS other_email, t.phone AS other_phone, COALESCE(g.order_count, 0) AS other_orders,
    COALESCE(g.net_minor, 0) AS other_net
{_FROM}
"""
_BY_SCORE = Sorting(column="d.score", key="d.id", value="score")
_BY_DECISION = Sorting(column="d.decided_at", key="d.id", value="decided_at", is_time=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pairs: of a status, with a reason and of a class of `SCORES` (empty: any)."""

    status: str = DuplicateStatus.OPEN
    reason: str = ""
    score: str = ""


@dataclass(frozen=True, slots=True)
class Half:
    """One of both, in the list."""

    profile_id: int
    name: str
    detail: str
    order_count: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two who may be one, with the reasons in words."""

    pk: int
    score: int
    reasons: list[str]
    halves: tuple[Half, Half]
    status: str
    decided_at: datetime | None
    decided_by: str

    @property
    def is_likely(self) -> bool:
        """Whether more speaks for it than against."""
        return self.score >= LIKELY


def list_pairs(wanted: Wanted, *, after: str = "", before: str = "") -> Rows:
    """Return one page of pairs, the likeliest first, decided ones newest first."""
    is_open = wanted.status == DuplicateStatus.OPEN
    conditions, params = _conditions(wanted)
    found = select_page(
        Statement(_SELECT, conditions, params),
        _BY_SCORE if is_open else _BY_DECISION,
        descending=True,
        place=Place(after, before, PAGE),
    )
    return Rows([_pair(row) for row in found.rows], found.next, found.previous)


def count_pairs(wanted: Wanted) -> int:
    """Return how many pairs there are, at most `kernel.keyset.COUNT_CEILING`."""
    conditions, params = _conditions(wanted)
    return count_up_to("FROM crm_probableduplicate AS d", conditions, params)


def find_pair(duplicate_id: int) -> ProbableDuplicate | None:
    """Return a pair with both profiles; None when the tenant has none of this id."""
    return ProbableDuplicate.objects.select_related("one", "other").filter(pk=duplicate_id).first()


def find_next(pair: ProbableDuplicate) -> int | None:
    """Return the id of the open pair that follows in the list; None after the last one."""
    mark = f"{pair.score}_{pair.pk}"
    rows = select_page(
        Statement("SELECT d.id, d.score FROM crm_probableduplicate AS d", *_conditions(Wanted())),
        _BY_SCORE,
        descending=True,
        place=Place(after=mark, limit=1),
    ).rows
    return rows[0].id if rows else None


def find_search() -> DuplicateSearch | None:
    """Return where the search stands; None before the first one."""
    return DuplicateSearch.objects.first()


def speak_reasons(reason: str, reasons: list[str]) -> list[str]:
    """Return the reasons in words, what records claimed first."""
    return [REASONS[word] for word in dict.fromkeys([reason, *reasons]) if word in REASONS]


def _conditions(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    # The status stands in the text, so that the index of the open ones, or of the others, is used.
    status = "apart" if wanted.status == DuplicateStatus.APART else "open"
    conditions = ["d.tenant_id = %(tenant_id)s", f"d.status = '{status}'"]
    if wanted.reason:
        conditions.append("(d.reason = %(reason)s OR %(reason)s = ANY(d.reasons))")
    if wanted.score == "likely":
        conditions.append("d.score >= %(likely)s")
    elif wanted.score == "possible":
        conditions.append("d.score < %(likely)s")
    return conditions, {"reason": wanted.reason, "likely": LIKELY}


def _pair(row: Any) -> Pair:
    return Pair(
        pk=row.id,
        score=row.score,
        reasons=speak_reasons(row.reason, row.reasons),
        halves=(_half(row, "one"), _half(row, "other")),
        status=row.status,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )


def _half(row: Any, side: str) -> Half:
    first, last, email, phone = (
        getattr(row, f"{side}_{name}") for name in ("first", "last", "email", "phone")
    )
    name = f"{first} {last}".strip()
    return Half(
        profile_id=getattr(row, f"{side}_id"),
        name=name or email or phone or "Somebody without a name",
        detail=(email or phone) if name else (phone if email else ""),
        order_count=getattr(row, f"{side}_orders"),
        net_minor=getattr(row, f"{side}_net"),
    )
