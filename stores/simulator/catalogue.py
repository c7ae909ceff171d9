"""What the make-believe stores sell."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Item:
    """One product with one variant.

    Attributes:
        price_minor: in the minor unit of the store's currency.
        weight: how often it is bought, relative to the others.
    """

    external_id: str
    sku: str
    title: str
    category: str
    price_minor: int
    weight: int


@dataclass(frozen=True, slots=True)
class Shop:
    """One make-believe merchant.

    Attributes:
        monthly: orders by calendar month, relative to an average month.
        countries: country codes with their share.
        orders: orders of a year.
    """

    slug: str
    tenant: str
    store: str
    domain: str
    currency: str
    timezone: str
    country: str
    brand: str
    countries: tuple[tuple[str, int], ...]
    cities: dict[str, tuple[str, ...]]
    monthly: tuple[float, ...]
    orders: int
    items: tuple[Item, ...]


def _items(prefix: str, rows: tuple[tuple[str, str, int, int], ...]) -> tuple[Item, ...]:
    return tuple(
        Item(f"{prefix}{1000 + place}", f"{prefix}-{place:03d}", title, category, price, weight)
        for place, (title, category, price, weight) in enumerate(rows, start=1)
    )


JUNIPER: Final = Shop(
    slug="juniper-moss",
    tenant="Juniper & Moss",
    store="Juniper & Moss Shopify",
    domain="juniper-moss.example",
    currency="GBP",
    timezone="Europe/London",
    country="GB",
    brand="Juniper & Moss",
    countries=(("GB", 84), ("IE", 9), ("FR", 4), ("DE", 3)),
    cities={
        "GB": ("London", "Bristol", "Leeds", "Edinburgh", "Manchester", "Norwich", "Cardiff"),
        "IE": ("Dublin", "Cork", "Galway"),
        "FR": ("Lyon", "Nantes"),
        "DE": ("Hamburg", "Köln"),
    },
    monthly=(0.7, 0.8, 0.95, 0.9, 1.0, 0.95, 0.85, 0.85, 0.95, 1.1, 1.55, 1.5),
    orders=1600,
    items=_items(
        "J",
        (
            ("Rosehip Night Oil 30 ml", "Skincare", 2850, 10),
            ("Oat & Calendula Cleanser", "Skincare", 1600, 14),
            ("Daily Mineral SPF 30", "Skincare", 2200, 12),
            ("Juniper Hand Balm", "Skincare", 1150, 16),
            ("Cedar & Moss Candle", "Home", 2600, 11),
            ("Linen Room Mist", "Home", 1450, 8),
            ("Stoneware Soap Dish", "Home", 1800, 4),
            ("Wild Mint Shampoo Bar", "Hair", 950, 13),
            ("Nettle Conditioner Bar", "Hair", 1050, 9),
            ("Boar-free Detangling Brush", "Hair", 1900, 3),
            ("Bath Salts, Pine & Sea", "Bath", 1700, 7),
            ("Weekend Gift Box", "Gifts", 4900, 5),
        ),
    ),
)
NORTHLINE: Final = Shop(
    slug="northline",
    tenant="Northline Outfitters",
    store="Northline Shopify",
    domain="northline.example",
    currency="USD",
    timezone="America/New_York",
    country="US",
    brand="Northline",
    countries=(("US", 90), ("CA", 10)),
    cities={
        "US": ("Portland", "Burlington", "Boulder", "Asheville", "Duluth", "Bozeman", "Bend"),
        "CA": ("Montréal", "Halifax", "Ottawa"),
    },
    monthly=(0.75, 0.7, 0.8, 0.95, 1.15, 1.25, 1.2, 1.05, 0.95, 0.9, 1.3, 1.4),
    orders=1300,
    items=_items(
        "N",
        (
            ("Ridgeway Daypack 22 L", "Packs", 11900, 8),
            ("Trailhead Merino Tee", "Clothing", 7200, 14),
            ("Granite Rain Shell", "Clothing", 18900, 6),
            ("Switchback Hiking Sock", "Clothing", 2200, 18),
            ("Ember Titanium Mug", "Camp kitchen", 3400, 12),
            ("Fold-flat Camp Stove", "Camp kitchen", 8900, 5),
            ("Lakeside Hammock", "Shelter", 9500, 5),
            ("Two-season Quilt", "Shelter", 24900, 3),
            ("North Star Headlamp", "Lighting", 5400, 10),
            ("Beeswax Boot Care", "Care", 1600, 9),
            ("Filter Bottle 750 ml", "Hydration", 4500, 11),
            ("Trail Repair Kit", "Care", 2800, 6),
        ),
    ),
)
SHOPS: Final = (JUNIPER, NORTHLINE)
