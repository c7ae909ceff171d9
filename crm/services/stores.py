"""Storefronts of a tenant."""

from dataclasses import dataclass
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from crm.choices import Platform
from crm.models import Store
from kernel.errors import Conflict, Invalid
from kernel.money import is_currency
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant


@dataclass(frozen=True, slots=True)
class StoreData:
    """What a new store is told to be.

    Attributes:
        currency: ISO 4217; empty: the tenant's.
        timezone: IANA name; empty: the tenant's.
    """

    name: str
    platform: str
    url: str = ""
    currency: str = ""
    timezone: str = ""


@transaction.atomic
def create_store(data: StoreData) -> Store:
    """Create a store of the active tenant.

    Raises:
        Invalid: name, platform, currency or zone break a rule; ``fields`` says which.
        Conflict: the tenant has a store of this name.
    """
    tenant = get_tenant(current_tenant_id())
    store = Store(
        tenant_id=tenant.pk,
        name=data.name.strip(),
        platform=data.platform,
        url=data.url.strip(),
        currency=data.currency.upper() or tenant.currency,
        timezone=data.timezone or tenant.timezone,
    )
    _check(store)
    try:
        with transaction.atomic():
            store.save(force_insert=True)
    except IntegrityError as exc:
        raise Conflict(f"There is a store named {store.name!r} already") from exc
    return store


@transaction.atomic
def ensure_store(data: StoreData) -> Store:
    """Return the store of this name, created when the tenant has none."""
    return Store.objects.filter(name=data.name.strip()).first() or create_store(data)


def _check(store: Store) -> None:
    problems = {
        "name": "" if store.name else "Give the store a name.",
        "platform": "" if store.platform in Platform.values else "This platform is not known.",
        "currency": "" if is_currency(store.currency) else "Write a currency code such as GBP.",
        "timezone": (
            "" if store.timezone in available_timezones() else "Write a zone such as Europe/London."
        ),
    }
    fields = {name: text for name, text in problems.items() if text}
    if fields:
        raise Invalid("; ".join(fields.values()), fields=fields)
