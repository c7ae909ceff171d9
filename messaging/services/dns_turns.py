"""Asks name servers for all that is due of the active tenant."""

from kernel.batches import Deadline
from messaging.services import domains, link_domains


def check_due(deadline: Deadline) -> int:
    """Check the sending domains that are due, and then the domain of links, which rests on them.

    Returns:
        Domains checked; 0 when none was due.
    """
    return domains.check_due(deadline) + link_domains.check_due(deadline)
