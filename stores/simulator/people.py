"""Made-up shoppers. Every address ends in a name reserved for examples."""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from stores.simulator.catalogue import Shop

FIRST_NAMES: Final = (
    "Ada", "Amara", "Anna", "Ben", "Bilal", "Caitlin", "Carlos", "Chloé", "Daniel", "Dilan",
    "Elena", "Ewan", "Fatima", "Felix", "Grace", "Hana", "Harriet", "Ines", "Isla", "Jack",
    "Jamal", "Jonas", "Kavya", "Keira", "Leila", "Liam", "Lucía", "Maeve", "Malik", "Maya",
    "Mei", "Nadia", "Niamh", "Noah", "Olivia", "Oscar", "Priya", "Rafael", "Rosa", "Ruth",
    "Samira", "Sean", "Sofia", "Theo", "Tomás", "Uma", "Vera", "Willa", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES: Final = (
    "Abara", "Adler", "Ahmed", "Barros", "Bennett", "Byrne", "Campbell", "Castillo", "Chen",
    "Clarke", "Costa", "Dogan", "Doyle", "Evans", "Fischer", "Fleming", "García", "Greene",
    "Hughes", "Iqbal", "Jansen", "Kaur", "Kelly", "Laurent", "Lindqvist", "MacLeod", "Mensah",
    "Moreau", "Murphy", "Nakamura", "Novak", "Okafor", "O'Neill", "Patel", "Price", "Quinn",
    "Reid", "Rossi", "Sato", "Schmidt", "Silva", "Tanaka", "Thorne", "Underwood", "Vargas",
    "Walsh", "Weiss", "Yilmaz", "Young", "Zhang",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shopper:
    """One person of a make-believe store.

    Attributes:
        external_id: the store's customer id; empty for a guest.
        is_subscribed: whether marketing e-mail is wanted.
        phone: E.164, of somebody who wants texts as well; empty for most.
    """

    external_id: str
    first_name: str
    last_name: str
    email: str
    country: str
    city: str
    is_subscribed: bool
    phone: str = ""


def make_shopper(rng: random.Random, shop: Shop, number: int) -> Shopper:
    """Make one shopper; the same generator state gives the same person."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    codes, weights = zip(*shop.countries, strict=True)
    country = rng.choices(codes, weights)[0]
    is_guest = rng.random() < 0.22  # noqa: PLR2004 share of guest checkouts
    return Shopper(
        external_id="" if is_guest else str(7_100_000_000_000 + number),
        first_name=first,
        last_name=last,
        email=f"{_plain(first)}.{_plain(last)}{number}@shoppers.example",
        country=country,
        city=rng.choice(shop.cities[country]),
        is_subscribed=rng.random() < 0.46,  # noqa: PLR2004 share that ticks the box
    )


def name_shopper(
    known: Sequence[Shopper], shop: Shop, email: str, phone: str = ""
) -> Shopper | None:
    """Return the shopper of an address, who wants mail; None without an address.

    Args:
        known: shoppers of the past; somebody else is made up from their address.
        shop: where they buy.
        email: of them.
        phone: E.164; with one they want texts as well.
    """
    if not email:
        return None
    rng = random.Random(email)
    found = next((shopper for shopper in known if shopper.email == email), None)
    person = found or replace(make_shopper(rng, shop, 0), external_id="")
    name = email.partition("@")[0].partition(".")[0].title()
    return replace(
        person,
        external_id=person.external_id or str(7_300_000_000_000 + rng.randrange(10**9)),
        first_name=person.first_name if found else name,
        email=email,
        is_subscribed=True,
        phone=phone,
    )


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if letter.isascii() and letter.isalpha())
