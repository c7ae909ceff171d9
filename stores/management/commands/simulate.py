"""`simulate`: make-believe shoppers buy, and their store's webhooks arrive over HTTP."""

import json
import time
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kernel.scope import tenant_scope
from stores import queries
from stores.services.connections import read_secret
from stores.simulator.catalogue import JUNIPER, SHOPS, Shop
from stores.simulator.payloads import LiveStore
from stores.simulator.people import Shopper, name_shopper
from stores.simulator.readers import Letterbox
from stores.simulator.runner import Readers, Stall, demo_pause, leave_carts, run
from stores.simulator.sender import Sender
from stores.types import StoreHealth
from tenants.models import Tenant
from tenants.queries import find_tenant

WAIT_SECONDS = 5.0
KNOWN_SHOPPERS = 2000


class Command(BaseCommand):
    """Sends signed webhooks to the running instance."""

    help = "Let a store's make-believe shoppers buy; its webhooks are posted to this instance."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="slug")
        parser.add_argument("--store", type=int, help="id; default: the tenant's Shopify stores")
        parser.add_argument("--rate", type=float, default=1.0, help="orders per second; 0: at once")
        parser.add_argument("--count", type=int, default=10, help="orders; 0: for ever")
        parser.add_argument("--carts", type=int, default=0, help="leave so many carts instead")
        parser.add_argument("--shopper", default="", help="address of who does everything")
        parser.add_argument("--phone", default="", help="their number, which wants texts")
        parser.add_argument("--seed", type=int, help="the same seed sends the same deliveries")
        parser.add_argument("--to", default="", help="other address, such as http://127.0.0.1:8001")
        parser.add_argument("--demo", action="store_true", help="all demo shops, for ever")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        seed = int(time.time()) if options["seed"] is None else options["seed"]
        stalls = (
            self._demo_stalls(seed, options) if options["demo"] else self._stalls(seed, options)
        )
        rate = options["rate"]
        pause = demo_pause if options["demo"] else lambda made: 1 / rate if rate else 0.0
        count = None if options["demo"] or not options["count"] else options["count"]
        try:
            if options["carts"]:
                leave_carts(stalls, options["carts"])
            else:
                run(stalls, pause=pause, count=count, seed=seed, readers=_readers(stalls, options))
        finally:
            for stall in stalls:
                stall.sender.close()
        counts = [stall.sender.counts for stall in stalls]
        figures = {
            "orders": sum(each.orders for each in counts),
            "carts": options["carts"],
            "acknowledged": sum(each.acknowledged for each in counts),
            "repeats": sum(each.repeats for each in counts),
            "seed": seed,
        }
        self.stdout.write(json.dumps(figures) if options["json"] else _words(figures))

    def _demo_stalls(self, seed: int, options: dict[str, Any]) -> list[Stall]:
        while not (stalls := _stalls_of(list(Tenant.objects.filter(is_demo=True)), seed, options)):
            time.sleep(WAIT_SECONDS)
        return stalls

    def _stalls(self, seed: int, options: dict[str, Any]) -> list[Stall]:
        tenant = find_tenant(options["tenant"] or "")
        if tenant is None:
            raise CommandError("Name a tenant with --tenant SLUG, or use --demo.")
        stalls = _stalls_of([tenant], seed, options)
        if not stalls:
            raise CommandError("The tenant has no such connected Shopify store.")
        return stalls


def _readers(stalls: list[Stall], options: dict[str, Any]) -> Readers | None:
    """Let the demo's own mails be read, where a sink of this instance takes them."""
    if not options["demo"] or not settings.EMBEDDED:
        return None
    tenant_ids = {stall.tenant_id for stall in stalls}
    letterbox = Letterbox(options["to"] or settings.PUBLIC_URL, tenant_ids)
    return Readers(letterbox, stalls, seed=options["seed"] or 0)


def _stalls_of(tenants: list[Tenant], seed: int, options: dict[str, Any]) -> list[Stall]:
    stalls: list[Stall] = []
    for tenant in tenants:
        with tenant_scope(tenant.pk), transaction.atomic():
            stalls += [
                _stall(tenant, store, seed, options)
                for store in queries.list_store_health()
                if store.platform == "shopify"
                and store.webhook_url
                and options["store"] in (None, store.id)
            ]
    return stalls


def _stall(tenant: Tenant, store: StoreHealth, seed: int, options: dict[str, Any]) -> Stall:
    """Set up one store; with a seed of their own, runs know nobody of the past."""
    shop = _shop_of(tenant, store)
    found = (
        []
        if options["seed"] is not None
        else queries.list_known_shoppers(store.id, limit=KNOWN_SHOPPERS)
    )
    known = [Shopper(*shopper, is_subscribed=False) for shopper in found]
    only = name_shopper(known, shop, options["shopper"], options["phone"])
    url = _aim(store.webhook_url, options["to"])
    sender = Sender(url, read_secret(store.id), shop.domain)
    return Stall(LiveStore(shop, seed=seed + store.id, known=known, only=only), sender, tenant.pk)


def _shop_of(tenant: Tenant, store: StoreHealth) -> Shop:
    """Return the catalogue of a demo shop; any other store sells what the first one sells."""
    same = [shop for shop in SHOPS if shop.slug == tenant.slug]
    return same[0] if same else replace(JUNIPER, slug=tenant.slug, currency=store.currency)


def _aim(url: str, to: str) -> str:
    if not to:
        return url
    target = urlsplit(to)
    return urlunsplit(urlsplit(url)._replace(scheme=target.scheme, netloc=target.netloc))


def _words(figures: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())
