"""How long one piece of a product lasts, as a member says."""

from django.db import transaction

from crm.domain.refills import MOST_DAYS
from crm.models import Product
from kernel.errors import Invalid, NotFound
from tenants.services import audit


@transaction.atomic
def say_refill_days(product_id: int, days: int | None, *, actor: str) -> None:
    """Say how long one piece of a product lasts; it counts where re-orders are too few to tell.

    Args:
        product_id: of the tenant.
        days: 1 to `MOST_DAYS`; None takes back what was said.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such product.
        Invalid: no such number of days.
    """
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid(f"Say a number of days from 1 to {MOST_DAYS}.")
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound("This product does not exist.")
    before = product.refill_days
    if days == before:
        return
    product.refill_days = days
    product.save(update_fields=["refill_days"])
    audit.record(
        "product.refill_said",
        "product",
        product_id,
        before={"refill_days": before},
        after={"refill_days": days},
        actor=actor,
    )
