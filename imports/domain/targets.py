"""What a column of a file can mean, by kind, and the names that other tools give it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imports.choices import Kind


@dataclass(frozen=True, slots=True)
class Target:
    """One meaning of a column.

    Attributes:
        name: what rows call it.
        label: what people read.
        names: headers that mean it, in lower case without signs between the words.
    """

    name: str
    label: str
    names: Sequence[str] = ()


_WHO = (
    Target(
        "email",
        "Email",
        (
            "email",
            "email address",
            "e mail",
            "e mail address",
            "mail",
            "billing email",
        ),
    ),
    Target(
        "phone",
        "Phone",
        ("phone", "phone number", "mobile", "mobile phone", "billing phone", "sms", "telephone"),
    ),
    Target(
        "customer_id",
        "Customer id",
        ("customer id", "id", "external id", "user id", "customer", "client id"),
    ),
)
_NAME = (
    Target("first_name", "First name", ("first name", "firstname", "given name", "fname")),
    Target("last_name", "Last name", ("last name", "lastname", "surname", "family name", "lname")),
    Target("full_name", "Full name", ("name", "full name", "customer name", "billing name")),
)
_PLACE = (
    Target(
        "country",
        "Country",
        (
            "country",
            "country code",
            "default address country code",
            "country region",
            "billing country",
            "cc",
        ),
    ),
    Target(
        "region",
        "Region",
        ("region", "state", "province", "state region", "default address province code"),
    ),
    Target("city", "City", ("city", "town", "default address city", "billing city")),
    Target(
        "postcode",
        "Postcode",
        ("postcode", "postal code", "zip", "zip code", "default address zip"),
    ),
)
_CUSTOMERS = (
    *_WHO,
    *_NAME,
    *_PLACE,
    Target("locale", "Language", ("language", "locale")),
    Target("timezone", "Time zone", ("timezone", "time zone")),
    Target(
        "created_at",
        "Customer since",
        (
            "created at",
            "created",
            "sign up",
            "registered",
            "date registered",
            "profile created on",
            "date added",
        ),
    ),
    Target("tags", "Tags of the shop", ("tags", "customer tags")),
    Target(
        "email_consent",
        "Email consent",
        (
            "accepts email marketing",
            "accepts marketing",
            "email marketing consent",
            "email consent",
            "email status",
        ),
    ),
    Target(
        "email_consent_at",
        "Email consent: when",
        (
            "email marketing consent timestamp",
            "email consent at",
            "optin time",
            "confirm time",
            "consent timestamp",
        ),
    ),
    Target(
        "sms_consent",
        "SMS consent",
        ("accepts sms marketing", "sms marketing consent", "sms consent"),
    ),
    Target(
        "sms_consent_at",
        "SMS consent: when",
        ("sms marketing consent timestamp", "sms consent at"),
    ),
)

TARGETS: Mapping[str, Sequence[Target]] = {Kind.CUSTOMERS: _CUSTOMERS}

REQUIRED: Mapping[str, Sequence[Sequence[str]]] = {
    Kind.CUSTOMERS: (("email", "phone", "customer_id"),),
}
"""Of each group at least one target needs a column."""

LEFT_OUT = frozenset(
    {
        "total spent",
        "total spend",
        "total orders",
        "orders",
        "aov",
        "last active",
        "note",
        "tax exempt",
        "username",
        "default address company",
        "default address address1",
        "default address address2",
        "default address phone",
        "klaviyo id",
        "latitude",
        "longitude",
        "ip address",
        "member rating",
        "optin ip",
        "confirm ip",
        "gmtoff",
        "dstoff",
        "leid",
        "euid",
        "last changed",
        "reason",
        "row",
    }
)
"""Columns of other tools that are left out unless somebody says otherwise: figures that Patron
computes itself, ids that mean nothing here, addresses of devices, and what this page adds to the
file of refused rows."""


def find_target(kind: str, name: str) -> Target | None:
    """Return a target of a kind by name."""
    return next((each for each in TARGETS[kind] if each.name == name), None)
