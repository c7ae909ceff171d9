"""Customers out of rows: who they are, where they live, what they allowed. Pure.

An import fills in what a profile lacks; what a shop or a person said stays. Therefore a row makes
a record of a guest, which fills what is empty, and, where it names the id of the shop, one that
ties the id to the same profile and is older than anything the shop itself may have said.
"""

from collections.abc import Iterator
from datetime import datetime

from crm.domain.checking import EARLIEST
from crm.domain.identifiers import normalize_customer_id, normalize_email, normalize_phone
from crm.types import AddressData, ConsentRecord, CustomerRecord, Record
from imports.domain.people import check_named, split_name
from imports.domain.values import read_state, read_time, without_quote
from imports.types import Options, Refused, Row
from stores.platforms.order_file import country_code

METHOD = "import"


def read_customer(row: Row, options: Options) -> list[Record]:
    """Turn a row into records of one person.

    Raises:
        Refused: nobody is named, or a value cannot be read.
    """
    external_id = without_quote(row.get("customer_id"))
    email, phone = row.get("email"), without_quote(row.get("phone"))
    country = _read_country(row.get("country"))
    number = normalize_phone(phone, country or options.country)
    is_reachable = check_named(external_id, email, number)
    created_at = read_time(row.get("created_at"), "Customer since", options)
    first, last = split_name(row.get("first_name"), row.get("last_name"), row.get("full_name"))
    properties: dict[str, object] = dict(row.properties)
    if tags := [tag.strip() for tag in row.get("tags").split(",") if tag.strip()]:
        properties["tags"] = tags
    said = CustomerRecord(
        external_id="" if is_reachable else external_id,
        version_at=EARLIEST,
        email=email,
        phone=number or phone,
        first_name=first,
        last_name=last,
        locale=row.get("locale"),
        timezone=row.get("timezone"),
        address=AddressData(
            country, row.get("region"), row.get("city"), without_quote(row.get("postcode"))
        ),
        created_at=created_at,
        properties=properties,
    )
    records: list[Record] = []
    if external_id and not said.external_id:
        records.append(_of_shop(external_id, number, said))
    return [*records, said, *_read_consents(row, options, said, external_id)]


def customer_keys(row: Row) -> list[str]:
    """Return what makes two rows be about the same person."""
    external_id = normalize_customer_id(without_quote(row.get("customer_id")))
    email = normalize_email(row.get("email"))
    keys = [f"id:{external_id}"] if external_id else []
    keys += [f"email:{email}"] if email else []
    return keys or ([f"phone:{row.get('phone')}"] if row.get("phone") else [])


def _of_shop(external_id: str, number: str, said: CustomerRecord) -> CustomerRecord:
    return CustomerRecord(
        external_id=external_id,
        version_at=EARLIEST,
        email=said.email,
        phone=number,
        created_at=said.created_at,
    )


def _read_country(text: str) -> str:
    code = country_code(text)
    if text and not code:
        raise Refused(f"Country “{text[:60]}” is not known; write a code such as GB.")
    return code


def _read_consents(
    row: Row, options: Options, said: CustomerRecord, external_id: str
) -> Iterator[ConsentRecord]:
    for channel, label in (("email", "Email consent"), ("sms", "SMS consent")):
        state = read_state(row.get(f"{channel}_consent"), label)
        if not state:
            continue
        said_at = read_time(row.get(f"{channel}_consent_at"), f"{label}: when", options)
        yield ConsentRecord(
            channel=channel,
            state=state,
            external_id=external_id,
            email=said.email,
            phone=said.phone,
            occurred_at=said_at or default_time(state, label, options),
            method=METHOD,
            detail=row.get(f"{channel}_consent_detail") or options.consent_source,
        )


def default_time(state: str, label: str, options: Options) -> datetime | None:
    """Return the time of consent that has none of its own; None for one that needs none.

    Raises:
        Refused: consent is claimed, and neither the row nor the merchant says since when.
    """
    if state != "subscribed":
        return None
    if not options.consent_on:
        raise Refused(f"{label} has no time, and no date was given for the file.")
    return read_time(options.consent_on, label, options)
