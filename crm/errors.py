"""Errors of the CRM's core."""


class IngestConflict(Exception):
    """Another store's writer claimed the same identity meanwhile.

    Nothing of the batch was kept; the caller rolls its transaction back and tries again.
    """
