"""Whom a row names. Pure."""

from crm.domain.checking import EARLIEST
from crm.domain.identifiers import normalize_customer_id, normalize_email, normalize_phone
from crm.types import CustomerRecord
from imports.domain.values import without_quote
from imports.types import Options, Refused, Row


def read_person(row: Row, options: Options) -> CustomerRecord:
    """Return whom a row names, and nothing else of them; the phone is in E.164, or empty.

    Raises:
        Refused: the email is malformed, or nobody is named.
    """
    email, phone = row.get("email"), without_quote(row.get("phone"))
    external_id = without_quote(row.get("customer_id"))
    number = normalize_phone(phone, options.country)
    check_named(external_id, email, number)
    return CustomerRecord(external_id=external_id, version_at=EARLIEST, email=email, phone=number)


def check_named(external_id: str, email: str, number: str) -> bool:
    """Say whether somebody is named by an address or a number, not by the id alone.

    Raises:
        Refused: the email is malformed, or nobody is named.
    """
    if email and not normalize_email(email):
        raise Refused(f"Email “{email[:80]}” is malformed.")
    if not (email or number or normalize_customer_id(external_id)):
        raise Refused("Nobody is named: there is no usable email, phone or customer id.")
    return bool(email or number)


def split_name(first: str, last: str, full: str) -> tuple[str, str]:
    """Return first and last name; a full name, where it is all there is, is cut at a blank."""
    if first or last:
        return first, last
    head, _, tail = full.partition(" ")
    return head, tail.strip()
