"""Every kind of background job: who may start it, which service does its batches, what it says.

Read this file to learn what people can start and watch under ``/t/<slug>/jobs/``.
"""

from tenants.types import JobKind

JOBS: dict[str, JobKind] = {}
