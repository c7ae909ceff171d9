"""Lists that leave as CSV: who took what is recorded, then the file streams."""

from collections.abc import Sequence

from django.http import HttpResponse

from kernel import clock
from kernel.cells import safe_cell
from kernel.csvs import Batches, stream_csv
from tenants.services import audit
from tenants.types import TenantRequest


def export_list(
    request: TenantRequest,
    name: str,
    headings: Sequence[str],
    batches: Batches,
    *,
    of: tuple[str, str],
) -> HttpResponse:
    """Stream what a list shows, all pages of it, and record who asked for it with which filters.

    Args:
        request: its address holds the filters.
        name: of the list in the plural; the action is ``<name>.exported``.
        headings: of the columns.
        batches: as of `stream_csv`.
        of: kind and id of the object that the audit trail shows.
    """
    filters = {key: value for key, value in request.GET.items() if value}
    audit.record(f"{name}.exported", *of, after={"filters": filters}, actor=request.user.email)
    file = f"{name}-{request.tenant.slug}-{clock.now():%Y-%m-%d}.csv"
    return stream_csv(request.tenant.pk, file, headings, batches, safe_cell)
