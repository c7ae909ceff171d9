"""Why two profiles may be one shopper, and how likely that is. Pure.

Each reason says something by itself; several together say more, as when independent witnesses
agree: of a hundred, what none of them excludes is left as doubt.
"""

from collections.abc import Collection
from dataclasses import dataclass

from crm.choices import DuplicateReason as Reason

WEIGHTS: dict[str, int] = {
    Reason.EMAIL: 70,
    Reason.PHONE: 60,
    Reason.CUSTOMER_ID: 75,
    Reason.DEVICE: 35,
    Reason.ANONYMOUS: 35,
    Reason.SAME_MAILBOX: 92,
    Reason.EMAIL_TYPO: 80,
    Reason.SIMILAR_EMAIL: 50,
    Reason.SAME_PHONE: 70,
    Reason.NAME_AND_POSTCODE: 75,
    Reason.NAME_AND_CITY: 40,
}
"""Of a hundred pairs with this reason alone, how many are taken for one person."""
HIGHEST = 99
ALIKE = 0.6
"""From this similarity of trigrams on, two names are taken for one that is typed differently."""
_TAIL = 9
"""Last digits of a number that country codes and trunk prefixes do not touch."""
_SHORTEST = 5
"""Letters before the @ below which equal ones say little, such as ``info``."""
_ROLES = frozenset(
    {
        *("admin", "billing", "contact", "customer", "email", "enquiries", "finance", "hello"),
        *("help", "info", "kontakt", "mail", "marketing", "me", "noreply", "no-reply", "office"),
        *("orders", "post", "sales", "service", "shop", "store", "support", "team", "test"),
    }
)
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
"""Providers that deliver to one mailbox however many dots an address has."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one of both.

    ``phone`` is in E.164, ``raw_phone`` what somebody typed that cannot be a number; ``postcode``
    and ``city`` begin with the country, in lower case without blanks, and are empty where unknown.
    """

    name: str = ""
    email: str = ""
    phone: str = ""
    raw_phone: str = ""
    postcode: str = ""
    city: str = ""


def find_reasons(one: Side, other: Side, likeness: float) -> list[str]:
    """Return why two profiles may be one shopper; empty where nothing says so.

    Args:
        one: of both.
        other: likewise.
        likeness: similarity of the names, 0 to 1; 0 where one has none.
    """
    is_alike = likeness >= ALIKE
    is_nameless = not (one.name and other.name)
    found = []
    if reason := _compare_emails(
        one.email, other.email, is_alike=is_alike, is_nameless=is_nameless
    ):
        found.append(reason)
    if _is_same_number(one, other) and (is_alike or is_nameless):
        found.append(Reason.SAME_PHONE)
    if is_alike and (reason := _compare_places(one, other)):
        found.append(reason)
    return [str(reason) for reason in found]


def score(reasons: Collection[str]) -> int:
    """Return how likely two profiles are one, 1 to 99 of a hundred; 0 without a reason."""
    doubt = 1.0
    for reason in set(reasons):
        doubt *= 1 - WEIGHTS[reason] / 100
    return min(HIGHEST, round(100 * (1 - doubt)))


def mailbox(email: str) -> tuple[str, str]:
    """Return the local part without its ``+tag``, without dots where they do not count; domain."""
    local, _, domain = email.rpartition("@")
    local = local.partition("+")[0]
    return (local.replace(".", "") if domain in _DOTLESS else local), domain


def is_one_edit(one: str, other: str) -> bool:
    """Say whether one letter more, less or other, or two swapped, make one text of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    is_swap = len(a) > 1 and len(b) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:]
    return is_swap or a[1:] == b[1:] or a[1:] == b or a == b[1:]


def _compare_emails(one: str, other: str, *, is_alike: bool, is_nameless: bool) -> Reason | None:
    if not one or not other or one == other:
        return None
    if mailbox(one) == mailbox(other):
        return Reason.SAME_MAILBOX
    (local, domain), (local_2, domain_2) = _parts(one), _parts(other)
    is_long = len(local) >= _SHORTEST and local not in _ROLES
    if local == local_2 and is_one_edit(domain, domain_2):
        return Reason.EMAIL_TYPO if is_alike or (is_nameless and is_long) else None
    if local == local_2:
        return Reason.SIMILAR_EMAIL if is_alike and is_long else None
    is_typo = (
        domain == domain_2 and is_one_edit(local, local_2) and _differ_in_letters(local, local_2)
    )
    return Reason.EMAIL_TYPO if is_typo and is_alike and is_long else None


def _differ_in_letters(one: str, other: str) -> bool:
    """Say whether more than a digit is different: people of one name are told apart by those."""
    letters = ["".join(each for each in text if not each.isdigit()) for text in (one, other)]
    return letters[0] != letters[1]


def _parts(email: str) -> tuple[str, str]:
    """Return the local part without its ``+tag`` and dots, and the domain."""
    local, _, domain = email.rpartition("@")
    return local.partition("+")[0].replace(".", ""), domain


def _compare_places(one: Side, other: Side) -> Reason | None:
    if " " not in one.name or " " not in other.name:
        return None  # a first name alone is many people's
    if one.postcode and other.postcode:
        return Reason.NAME_AND_POSTCODE if one.postcode == other.postcode else None
    return Reason.NAME_AND_CITY if one.city and one.city == other.city else None


def _is_same_number(one: Side, other: Side) -> bool:
    tails = [{_tail(text) for text in (each.phone, each.raw_phone)} - {""} for each in (one, other)]
    return bool(tails[0] & tails[1]) and one.phone != other.phone


def _tail(text: str) -> str:
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits[-_TAIL:] if len(digits) >= _TAIL else ""
