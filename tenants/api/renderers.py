"""Reports as CSV: the rows of the answer, one line each."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""Text that begins so would be run as a formula by a spreadsheet."""
FIRST_ERROR = 400


class CsvRenderer(BaseRenderer):
    """Writes ``results`` of a report; an error stays problem JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= FIRST_ERROR:
            return json.dumps(data).encode()
        rows = data["results"]
        out = io.StringIO()
        if rows:
            writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\r\n")
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
        return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return _cell(json.dumps(value))
    if isinstance(value, str) and value.startswith(DANGEROUS) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
