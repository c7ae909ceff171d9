"""Errors of crm."""

from kernel.errors import Conflict


class IngestConflict(Conflict):
    """Another store's writer took the same identifier first.

    The transaction must be rolled back; the same call then finds the other's profile and
    succeeds, so try again.
    """
