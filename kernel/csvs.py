"""CSV that streams: written batch by batch, each in a transaction of its own."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse

from kernel.scope import tenant_scope

BATCH = 1_000
Batches = Callable[[str], tuple[Iterable[Sequence[object]], str | None]]
"""Takes a mark (empty for the first), answers the cells of a batch and the next mark or None."""


class _Line:
    """What the CSV writer writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def stream_csv(
    tenant_id: int,
    name: str,
    headings: Sequence[str],
    batches: Batches,
    safe: Callable[[object], str],
) -> HttpResponse:
    """Answer with a file that is read and written batch by batch.

    Args:
        tenant_id: the request's own scope is closed by the time lines are asked for.
        name: of the file.
        headings: of the columns.
        batches: called in a scope and transaction of its own for each batch.
        safe: writes one cell so that no spreadsheet takes it for a formula.
    """
    return StreamingHttpResponse(  # type: ignore[return-value] # a response, though no HttpResponse
        _lines(tenant_id, headings, batches, safe),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(
    tenant_id: int, headings: Sequence[str], batches: Batches, safe: Callable[[object], str]
) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(headings)
    mark: str | None = ""
    while mark is not None:
        with tenant_scope(tenant_id), transaction.atomic():
            rows, mark = batches(mark)
            cells = [[safe(cell) for cell in row] for row in rows]
        for row in cells:
            yield writer.writerow(row)
