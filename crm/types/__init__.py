"""Canonical records: what every storefront, file and API call is translated into.

Money is in minor units of ``currency``; times are aware UTC; ``version_at`` is the payload's
``updated_at``, else the platform's trigger time, else arrival.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from crm.types.care import CareRecord
from crm.types.changes import Change, TakenBack
from crm.types.people import AddressData, CustomerRecord, PlaceData

__all__ = ["AddressData", "Change", "CustomerRecord", "PlaceData", "TakenBack"]
"""Beside what is defined here: these stand alone because other records name them too."""


@dataclass(frozen=True, slots=True)
class LineData:
    """One bought line; ``quantity`` is positive."""

    line_key: str
    position: int
    quantity: int
    unit_price_minor: int
    total_minor: int
    discount_minor: int = 0
    sku: str = ""
    title: str = ""
    category: str = ""
    product_external_id: str = ""
    variant_external_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as the store tells it.

    Attributes:
        customer: who bought; None for an order without a customer.
        gross_minor: paid including tax and shipping, after discounts, in ``currency``.
        base_gross_minor: the same in the tenant's currency where the store converted it
            (Shopify ``shop_money``); None leaves the conversion to the exchange rates.
        channel: where it was placed, in the platform's word (`crm.domain.sales.channel_of`).
        payment_names: gateways or methods as the platform calls them, the most important first;
            only their family and a known name are kept (`crm.domain.sales.payment_of`).
        attribution: ``landing_site``, ``referrer``, ``utm_source`` and so on of the visit.
        checkout_token: what the platform called the checkout; a browser may know no other name.
        places: where its addresses lie, as far as the store says; no news by itself.
    """

    external_id: str
    version_at: datetime
    ordered_at: datetime
    currency: str
    gross_minor: int
    lines: Sequence[LineData] = ()
    number: str = ""
    customer: CustomerRecord | None = None
    email: str = ""
    phone: str = ""
    subtotal_minor: int = 0
    discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    base_currency: str = ""
    base_gross_minor: int | None = None
    financial_status: str = ""
    fulfillment_status: str = ""
    cancelled_at: datetime | None = None
    is_test: bool = False
    is_voided: bool = False
    channel: str = ""
    country: str = ""
    city: str = ""
    discount_codes: Sequence[str] = ()
    attribution: Mapping[str, str] | None = None
    payment_names: Sequence[str] = ()
    checkout_token: str = ""
    places: Sequence[PlaceData] = ()


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """Money that went back. ``order_external_id`` is empty where the purchase is unknown.

    ``customer`` names whose refund it is when no order does.

    Attributes:
        is_dated: False: the store names no time; ``refunded_at`` is when it was first seen, and
            a time that is known already stays.
    """

    external_id: str
    version_at: datetime
    refunded_at: datetime
    currency: str
    amount_minor: int
    order_external_id: str = ""
    customer: CustomerRecord | None = None
    base_currency: str = ""
    base_amount_minor: int | None = None
    note: str = ""
    lines: Sequence[Mapping[str, Any]] = ()
    is_dated: bool = True


@dataclass(frozen=True, slots=True)
class OrderDeletionRecord:
    """The store deleted an order: it is cancelled here, and stays in the history.

    A newer version of the order, as when it was taken out of the bin, makes it count again.
    """

    external_id: str
    version_at: datetime


@dataclass(frozen=True, slots=True)
class VariantData:
    """One purchasable form of a product.

    Attributes:
        inventory_quantity: pieces of all places; None where the store does not count them.
        inventory_policy: an `InventoryPolicy` word; empty where nothing is said.
        inventory_item: under which the store tells levels by place; empty where it has none.
        is_tracked: False: it is never out of stock; None where nothing is said.
        compare_at_minor: what it cost before, or costs elsewhere; None where it is not reduced.
        back_on: when it is expected again; None says nothing.
        tells_stock: False: nothing is said of the quantity, and what is known stays.
    """

    external_id: str
    sku: str = ""
    title: str = ""
    price_minor: int | None = None
    currency: str = ""
    inventory_quantity: int | None = None
    inventory_policy: str = ""
    inventory_item: str = ""
    is_tracked: bool | None = None
    compare_at_minor: int | None = None
    back_on: date | None = None
    tells_stock: bool = True


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product of the catalogue; ``is_deleted`` keeps the row and marks it."""

    external_id: str
    version_at: datetime
    title: str = ""
    category: str = ""
    brand: str = ""
    handle: str = ""
    url: str = ""
    image_url: str = ""
    status: str = "active"
    tags: Sequence[str] = ()
    published_at: datetime | None = None
    is_deleted: bool = False
    variants: Sequence[VariantData] = ()


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """One variant, of a product that is told of by itself; ``version_at`` orders a batch alone.

    Attributes:
        title: of the product, used where it is not known yet.
    """

    product_external_id: str
    version_at: datetime
    variant: VariantData
    title: str = ""


@dataclass(frozen=True, slots=True)
class StockRecord:
    """What is left of something: of a variant in all, or of an inventory item at one place.

    Attributes:
        variant_external_id: of a total; empty for a word about an item.
        item_external_id: of an inventory item; without a place the record says ``is_tracked``.
        location_external_id: the place.
        available: pieces, below zero for what is sold and not there; None: the place has none.
        policy: an `InventoryPolicy` word of the variant; empty where nothing is said.
        back_on: when a variant is expected again; None says nothing.
        tells_level: False: a total says nothing of the pieces, and what is known stays.
        sku: names the variant instead of its id; it must be that of one variant of the store.
        needs_variant: a variant that is not known is a fault, and not one still to come.
    """

    version_at: datetime
    variant_external_id: str = ""
    item_external_id: str = ""
    location_external_id: str = ""
    available: int | None = None
    policy: str = ""
    is_tracked: bool | None = None
    back_on: date | None = None
    tells_level: bool = True
    sku: str = ""
    needs_variant: bool = False


@dataclass(frozen=True, slots=True)
class ShipmentRecord:
    """A parcel of an order, or news of one; what is empty says nothing and keeps what is known.

    Attributes:
        status: the platform's word (`crm.domain.parcels.state_of`).
        promised_at: until when the shopper was promised to have it.
        is_delayed: the carrier says that it is late.
    """

    external_id: str
    version_at: datetime
    order_external_id: str = ""
    status: str = ""
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    promised_at: datetime | None = None
    is_delayed: bool = False


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """Consent of a customer already known by store id, e-mail or phone.

    ``occurred_at`` None: the source gives no time; it never beats an unsubscribe.
    """

    channel: str
    state: str
    external_id: str = ""
    email: str = ""
    phone: str = ""
    occurred_at: datetime | None = None
    method: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EraseRecord:
    """A privacy request to erase a customer; orders stay without a profile."""

    external_id: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class DataRequestRecord:
    """A privacy request for everything that is stored of a customer."""

    request_id: str
    external_id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class StoreClosedRecord:
    """The merchant removed the app: sends for this store stop. ``erase``: redact the store."""

    occurred_at: datetime
    erase: bool = False


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A behavioural or custom event from the API; ``dedupe_key`` empty means never repeated."""

    name: str
    occurred_at: datetime
    customer: CustomerRecord
    properties: Mapping[str, Any] = field(default_factory=dict)
    dedupe_key: str = ""


@dataclass(frozen=True, slots=True)
class CartItemData:
    """What of one product is in a cart of a storefront; the price of one piece, in ``currency``."""

    title: str
    quantity: int
    price_minor: int | None = None
    sku: str = ""
    product_external_id: str = ""
    variant_external_id: str = ""
    url: str = ""
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class CartRecord:
    """What a storefront says is in a cart or checkout; empty items say that it was emptied.

    A cart of nobody who can be named is passed over, unless it says by ``cart_id`` which one it is:
    then it is an unknown visitor's until somebody is named with the same cart.

    Attributes:
        external_id: token of the checkout, or of the cart where there is no checkout yet.
        cart_id: of the cart in the shopper's browser, the same in the checkout that it becomes;
            empty where the platform does not tell.
        version_at: when it was last changed.
        started_at: when the checkout began; of a cart, when it was made.
        is_checkout: whether the shopper is at the checkout.
        total_minor: what the platform says is to be paid; None where it does not.
        url: where it can be taken up again.
    """

    external_id: str
    version_at: datetime
    started_at: datetime
    currency: str
    items: Sequence[CartItemData] = ()
    customer: CustomerRecord | None = None
    email: str = ""
    phone: str = ""
    is_checkout: bool = False
    total_minor: int | None = None
    url: str = ""
    cart_id: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a visit came from (`crm.domain.touches.read_origin` makes it).

    Attributes:
        source: such as ``google``; ``direct`` where the visit said nothing.
        landing_page, referrer: without their queries.
    """

    source: str
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    landing_page: str = ""
    referrer: str = ""


@dataclass(frozen=True, slots=True)
class TrackedRecord:
    """One call of a site or app: who it is as far as it knows, and what they did.

    Attributes:
        who: customer id of the store, and what was typed: addresses that nobody has verified,
            names, and further traits as properties. Its version is when it was said.
        anonymous_ids: of the browser or app; those that a call says are one.
        device_id: counts only where no other id of the browser or app is given.
        name: of the event; empty for a call that only says who somebody is.
        has_traits: whether ``who`` says more than who it is.
        is_visit: whether it shows that they were on the site or in the app.
        origin: where they came from; None for a call that does not say.
    """

    occurred_at: datetime
    who: CustomerRecord
    anonymous_ids: Sequence[str] = ()
    device_id: str = ""
    name: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    dedupe_key: str = ""
    has_traits: bool = False
    is_visit: bool = False
    origin: Origin | None = None


Record = (
    CustomerRecord
    | OrderRecord
    | RefundRecord
    | OrderDeletionRecord
    | ProductRecord
    | VariantRecord
    | StockRecord
    | ShipmentRecord
    | CareRecord
    | ConsentRecord
    | EraseRecord
    | DataRequestRecord
    | StoreClosedRecord
    | EventRecord
    | TrackedRecord
    | CartRecord
)


@dataclass(slots=True)
class ApplyResult:
    """What `crm.services.ingest.apply_records` did.

    Attributes:
        outcomes: per record, in the order given: ``new``, ``updated``, ``unchanged`` (also an
            older version) or ``rejected: <reason>``. A rejected record wrote nothing. A tracked
            call may also end as ``nobody`` (kept without a profile) or ``erased`` (left out).
        profile_ids: whom a record is about, by its place; those about nobody left out.
    """

    outcomes: list[str] = field(default_factory=list)
    profile_ids: dict[int, int] = field(default_factory=dict)

    def count(self, word: str) -> int:
        """Return how many records ended with an outcome."""
        return sum(1 for outcome in self.outcomes if outcome.split(":")[0] == word)


@dataclass(frozen=True, slots=True)
class Written:
    """Ids of the documents that a batch wrote, and of the people it made or changed.

    Attributes:
        regrouped_ids: products whose brand changed, or that gave their category to lines that
            had none: those who bought them once bought something else now.
        coded_ids: orders that carry a discount code, or carried one before.
    """

    order_ids: Sequence[int] = ()
    refund_ids: Sequence[int] = ()
    profile_ids: Sequence[int] = ()
    regrouped_ids: Sequence[int] = ()
    coded_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class EventRef:
    """One event that a handler shall look at; enough to act without reading the event."""

    event_id: int
    name: str
    occurred_at: datetime
    profile_id: int | None
    object_id: int | None
    is_backfill: bool


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append (`crm.services.events.append_events`).

    ``dedupe_key`` makes it once for ever within the tenant; empty means no dedupe. ``is_quiet``:
    nobody reacts, as to what visitors do whom nobody knows. ``is_first``: its person was never seen
    before, in no browser either.
    """

    name: str
    occurred_at: datetime
    source: str
    profile_id: int | None = None
    store_id: int | None = None
    object_id: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    is_backfill: bool = False
    dedupe_key: str = ""
    is_quiet: bool = False
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class NewTouch:
    """A visit of somebody whose source is known (`crm.services.touches.record_touches`).

    ``key`` makes it once for ever within the tenant; of two touches of one moment the one with
    the smaller key came first.
    """

    key: str
    profile_id: int
    occurred_at: datetime
    origin: Origin
    order_id: int | None = None
