"""Every kind of background job: who may start it, which service does its batches, what it says.

Read this file to learn what people can start and watch under ``/t/<slug>/jobs/``.
"""

from tenants.types import JobKind

JOBS: dict[str, JobKind] = {
    "tenant_export": JobKind(
        label="Export of everything",
        unit="rows",
        capability="tenant.manage",
        service="config.export.export_batch",
        kept="Nothing of the shop is changed by it.",
        back="tenants:danger",
        back_label="Danger zone",
    ),
}
