"""How long one piece of a product lasts, as a member says, and what was bought of such products."""

from collections.abc import Collection

from django.db import transaction

from crm.domain.refills import MOST_DAYS
from crm.models import Product, Store
from crm.queries.refills import are_purchases_known
from crm.services.ingest import AFTER_APPLY
from crm.types import Written
from kernel.arrays import array
from kernel.errors import Invalid, NotFound
from kernel.sql import run_sql
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
    product = _hold(product_id)
    before = product.refill_days
    if days == before:
        return
    product.refill_days = days
    product.save(update_fields=["refill_days"])
    keep_purchases(product_ids=[product_id])
    audit.record(
        "product.refill_said",
        "product",
        product_id,
        before={"refill_days": before},
        after={"refill_days": days},
        actor=actor,
    )


def keep_purchases(
    order_ids: Collection[int] | None = None, product_ids: Collection[int] | None = None
) -> None:
    """Keep what orders hold of products of which is known how long they last, in a transaction.

    Args:
        order_ids: only these; None: all.
        product_ids: likewise.
    """
    run_sql("crm.keep_refill_purchases", **_only(order_ids, product_ids))


def keep_all_purchases() -> None:
    """Keep what all orders hold, in a transaction in which no order changes until it ends."""
    list(Store.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    keep_purchases()


def note_written(written: Written) -> None:
    """Keep what orders hold that were written, in the transaction that writes them."""
    if written.order_ids:
        keep_purchases(written.order_ids)


def find_wrong_purchases() -> list[str]:
    """Name purchases that are not kept as their orders hold them; for `verify`.

    Nothing is compared before all of them are known.
    """
    if not are_purchases_known():
        return []
    return [
        f"purchase of product {row.product_id} in order {row.order_id}: {row.stored}, "
        f"recomputed {row.recomputed}"
        for row in run_sql("crm.check_refill_purchases", **_only(None, None))
    ]


def register() -> None:
    """Listen to whatever writes orders; called once."""
    AFTER_APPLY.append(note_written)


def _hold(product_id: int) -> Product:
    """Lock a product, and before it its store, so that no order of it comes unseen meanwhile."""
    store_ids = Product.objects.filter(pk=product_id).values("store_id")
    Store.objects.select_for_update(no_key=True).filter(pk__in=store_ids).first()
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound("This product does not exist.")
    return product


def _only(
    order_ids: Collection[int] | None, product_ids: Collection[int] | None
) -> dict[str, str | None]:
    return {
        "order_ids": None if order_ids is None else array(order_ids),
        "product_ids": None if product_ids is None else array(product_ids),
    }
