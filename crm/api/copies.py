"""A copy of everything that is stored of one person, as files that they can open."""

import csv
from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from rest_framework.renderers import JSONRenderer

from crm.api.profile_shapes import ProfileExport
from crm.domain.csv_cells import safe_cell
from crm.queries.resources import export_profile


def build_copy(profile_id: int, currency: str, more: Mapping[str, Any]) -> bytes:
    """Return a ZIP with all of it as JSON, and what they agreed to as CSV.

    Args:
        profile_id: of the person.
        currency: of the tenant, in which figures are kept.
        more: what apps above keep, by name; added to the JSON.
    """
    data = ProfileExport(export_profile(profile_id), context={"currency": currency}).data
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("your_data.json", JSONRenderer().render({**data, **more}))
        archive.writestr("consent.csv", _as_csv(data["consents"]))
    return packed.getvalue()


def _as_csv(rows: list[Mapping[str, Any]]) -> str:
    names = (
        "recorded_at",
        "occurred_at",
        "channel",
        "topic",
        "state",
        "method",
        "detail",
        "text_version",
        "source_url",
        "ip",
        "user_agent",
    )
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for row in rows:
        writer.writerow([safe_cell(str(row[name] or "")) for name in names])
    return text.getvalue()
