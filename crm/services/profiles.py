"""Rows of profiles and of what was said about consent, read and written in sets."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.domain.fields import COLUMNS, ProfileFields
from kernel.arrays import array, columns
from kernel.sql import run_sql


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of consent of a profile.

    ``occurred_at`` is the time from which it counts; None is the beginning of time.
    """

    profile_id: int
    channel: str
    state: str
    occurred_at: datetime | None
    method: str
    detail: str = ""


def load_fields(profile_ids: Iterable[int]) -> dict[int, ProfileFields]:
    """Read the changeable columns of profiles by id, and lock them until the commit."""
    ids = sorted(set(profile_ids))
    if not ids:
        return {}
    return {row.id: read_fields(row) for row in run_sql("crm.load_profiles", ids=array(ids))}


def insert_profiles(drafts: Mapping[int, ProfileFields], now: datetime) -> None:
    """Write new profiles under ids that are allocated."""
    if drafts:
        run_sql("crm.insert_profiles", now=now, **_columns(drafts))


def update_profiles(drafts: Mapping[int, ProfileFields], now: datetime) -> None:
    """Write changed profiles, which the caller has locked."""
    if drafts:
        run_sql("crm.update_profiles", now=now, **_columns(drafts))


def append_statements(statements: Sequence[Statement], now: datetime) -> None:
    """Append statements of consent that the history does not have yet; a repeat counts once."""
    distinct: dict[tuple[Any, ...], Statement] = {}
    for each in statements:
        said = (each.profile_id, each.channel, each.state, each.occurred_at)
        distinct.setdefault(said, each)
    if distinct:
        rows = list(distinct.values())
        run_sql("crm.append_consent", now=now, **statement_columns(rows))


def statement_columns(statements: Sequence[Statement]) -> dict[str, str]:
    """Return statements as `append_consent` binds them."""
    rows = [
        (each.profile_id, each.channel, each.state, each.method, each.detail, each.occurred_at)
        for each in statements
    ]
    names = "profile_id channel state method detail occurred_at"
    return columns(names, rows)


def read_fields(row: Any) -> ProfileFields:
    """Return the changeable columns of a row of find_people or load_profiles."""
    return ProfileFields(
        email=row.email,
        phone=row.phone,
        first_name=row.first_name,
        last_name=row.last_name,
        locale=row.locale,
        timezone=row.timezone,
        country=row.country,
        region=row.region,
        city=row.city,
        postcode=row.postcode,
        properties=json.loads(row.properties),
        email_consent=row.email_consent,
        email_consent_at=row.email_consent_at,
        sms_consent=row.sms_consent,
        sms_consent_at=row.sms_consent_at,
        whatsapp_consent=row.whatsapp_consent,
        whatsapp_consent_at=row.whatsapp_consent_at,
        push_consent=row.push_consent,
        push_consent_at=row.push_consent_at,
        source_version_at=row.source_version_at,
        traits_at=row.traits_at,
        is_anonymous=row.is_anonymous,
        created_at=row.created_at,
    )


def _columns(drafts: Mapping[int, ProfileFields]) -> dict[str, str]:
    rows = [(profile_id, *fields.as_row()) for profile_id, fields in drafts.items()]
    return columns(f"id {COLUMNS}", rows)
