"""Customers of stores with what is known of them, for those who write it back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.choices import IdentityKind
from crm.models import Identity, Profile
from kernel.arrays import array
from kernel.sql import run_sql


@dataclass(frozen=True, slots=True)
class StoreCustomer:
    """One customer of one store, and the profile that it is.

    Attributes:
        external_id: the store's id.
        email, phone: normalised; empty where unknown.
        net_minor: paid less refunds, in the tenant's currency.
        points: balance; 0 also where there is no programme.
    """

    store_id: int
    external_id: str
    profile_id: int
    email: str
    phone: str
    tags: Sequence[str]
    email_consent: str
    email_consent_at: datetime | None
    sms_consent: str
    sms_consent_at: datetime | None
    whatsapp_consent: str
    rfm_group: str
    order_count: int
    net_minor: int
    points: int


def list_store_customers(
    profile_ids: Iterable[int], store_ids: Iterable[int]
) -> list[StoreCustomer]:
    """Return the customers of some stores that some profiles are, in one statement.

    Args:
        profile_ids: merged and erased ones are nobody's.
        store_ids: of the active tenant.
    """
    ids, stores = sorted(set(profile_ids)), sorted(set(store_ids))
    if not ids or not stores:
        return []
    rows = run_sql("crm.list_store_customers", ids=array(ids), store_ids=array(stores))
    return [StoreCustomer(*row) for row in rows]


def list_profiles_after(profile_id: int, *, limit: int) -> list[int]:
    """Return the ids of live profiles above one, ascending; for a walk over all of them."""
    live = Profile.objects.filter(merged_into=None, erased_at=None, pk__gt=profile_id)
    return list(live.order_by("pk").values_list("pk", flat=True)[:limit])


def count_store_customers(store_id: int, *, ceiling: int) -> int:
    """Return how many customers of a store are known, at most the ceiling."""
    named = Identity.objects.filter(
        kind=IdentityKind.CUSTOMER_ID, value_norm__startswith=f"{store_id}:"
    )
    return named.values("pk")[:ceiling].count()


def name_customers(store_id: int, external_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Return profile and name of customers of a store by the store's id, as far as known."""
    values = [f"{store_id}:{each}" for each in set(external_ids)]
    named = Identity.objects.filter(kind=IdentityKind.CUSTOMER_ID, value_norm__in=values)
    return {
        each.value_norm.partition(":")[2]: (each.profile_id, str(each.profile))
        for each in named.select_related("profile")
    }
