"""Codes that stores shall take no more."""

from collections.abc import Sequence

import structlog

from kernel.errors import DomainError
from messaging.models import Coupon
from stores.services.code_states import deactivate_codes

log = structlog.get_logger(__name__)


def take_back(coupon: Coupon, codes: Sequence[str]) -> None:
    """Have stores take codes no more that Patron made there; only rows are written.

    Args:
        coupon: theirs; one whose codes were made by somebody else is left alone.
        codes: of any case.
    """
    if not codes or not coupon.is_written:
        return
    for store_id in coupon.store_ids:
        try:
            deactivate_codes(store_id, codes)
        except DomainError as exc:  # a store that was cut off takes nothing; its codes are moot
            log.info("codes_not_ended", store=store_id, codes=len(codes), reason=exc.detail)
