"""Reviews that people wrote on our own page and let others read: a member publishes them.

Those of other tools are published there, and are not decided here.
"""

from typing import Any, Final

from django.db.models import QuerySet

from crm.choices import ReviewStatus
from crm.domain.purchases import digest
from crm.models import Review
from kernel.keyset import Place, Rows, Sorting, Statement, count_up_to, has_any, select_page
from kernel.scope import current_tenant_id

NEWEST: Final = Sorting("r.id", "r.id", "id")
_FROM: Final = "FROM crm_review AS r"
_SELECT: Final = f"""
SELECT r.id, r.rating, r.title, r.body, r.author, r.status, r.is_verified, r.reviewed_at,
    r.profile_id, r.order_id, o.number AS order_number, r.product_id, p.title AS product
{_FROM}
LEFT JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = r.order_id
LEFT JOIN crm_product AS p ON p.tenant_id = %(tenant_id)s AND p.id = r.product_id
"""


def list_own(status: str, place: Place) -> Rows:
    """Return a page of reviews of one `ReviewStatus`, the newest first."""
    statement = Statement(_SELECT, *_conditions(status))
    return select_page(statement, NEWEST, descending=True, place=place)


def count_own(status: str) -> int:
    """Return how many there are of a `ReviewStatus`, at most the ceiling."""
    return count_up_to(_FROM, *_conditions(status))


def has_own() -> bool:
    """Say whether anybody let others read what they said."""
    return any(has_any(_own().filter(status=status)) for status in ReviewStatus.values)


def find_own(review_id: int) -> Review | None:
    """Return one review; None where its author does not let others read it."""
    return _own().filter(pk=review_id).first()


def mark_of(row: Any) -> str:
    """Return a mark of what somebody said: another one once they change it.

    Args:
        row: a `Review`, or a row of `list_own`.
    """
    return digest((row.rating, row.title, row.body, row.author))


def _own() -> QuerySet[Review]:
    return Review.objects.filter(is_consented=True)


def _conditions(status: str) -> tuple[list[str], dict[str, Any]]:
    parts = ["r.tenant_id = %(tenant_id)s", "r.is_consented", "r.status = %(status)s"]
    return parts, {"tenant_id": current_tenant_id(), "status": status}
