"""Storefronts of a tenant."""

from dataclasses import dataclass
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from crm.choices import Platform, StoreStatus
from crm.models import Store
from kernel.errors import Conflict, Invalid, NotFound
from kernel.money import is_currency
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant
from tenants.services import audit


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


@transaction.atomic
def rename_store(store_id: int, name: str, *, actor: str) -> None:
    """Give a store of the active tenant another name; the same one changes nothing.

    Raises:
        NotFound: the tenant has no such store.
        Invalid: no name.
        Conflict: another store has it.
    """
    store = _lock(store_id)
    wanted = " ".join(name.split())
    if not wanted:
        raise Invalid("Give the store a name.", fields={"name": "Give the store a name."})
    if wanted == store.name:
        return
    try:
        with transaction.atomic():
            Store.objects.filter(pk=store.pk).update(name=wanted)
    except IntegrityError as exc:
        text = f"There is a store named {wanted!r} already"
        raise Conflict(text, fields={"name": text}) from exc
    audit.record(
        "store.renamed",
        "store",
        store.pk,
        before={"name": store.name},
        after={"name": wanted},
        actor=actor,
    )


@transaction.atomic
def move_store(store_id: int, url: str) -> None:
    """Note the address of a store of the active tenant; the caller records it.

    Raises:
        NotFound: the tenant has no such store.
    """
    Store.objects.filter(pk=_lock(store_id).pk).update(url=url.strip())


@transaction.atomic
def set_store_status(store_id: int, status: StoreStatus, *, actor: str) -> bool:
    """Note that the merchant cut a store off, or connected it again.

    Returns:
        False when it was so already.

    Raises:
        NotFound: the tenant has no such store.
    """
    store = _lock(store_id)
    if store.status == status:
        return False
    Store.objects.filter(pk=store.pk).update(status=status)
    audit.record(
        f"store.{status.value}",
        "store",
        store.pk,
        before={"status": store.status},
        after={"status": status.value, "name": store.name},
        actor=actor,
    )
    return True


def lock_store(store_id: int) -> None:
    """Keep other writers of a store waiting until the caller's transaction ends.

    Raises:
        NotFound: the tenant has no such store.
    """
    _lock(store_id)


def _lock(store_id: int) -> Store:
    store = Store.objects.select_for_update(no_key=True).filter(pk=store_id).first()
    if store is None:
        raise NotFound("This store does not exist.")
    return store


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
