"""What a rule of the points ledger refuses."""

from kernel.errors import Conflict


class InsufficientPoints(Conflict):
    """The balance would fall below zero."""

    code = "insufficient_points"


class TokenUsed(Conflict):
    """The form was sent for somebody else before."""

    code = "token_used"
