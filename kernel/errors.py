"""Errors that a rule of the product raises and an edge turns into an answer."""


class DomainError(Exception):
    """A request that a rule refuses.

    Attributes:
        code: stable word for programs, such as ``conflict``.
        fields: reason by field name, where fields are to blame.
    """

    code = "invalid"

    def __init__(self, detail: str, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields or {}


class NotFound(DomainError):
    """What was asked for does not exist in this tenant."""

    code = "not_found"


class Conflict(DomainError):
    """The state of things does not allow it, or it exists already."""

    code = "conflict"


class Outdated(Conflict):
    """Somebody else saved in between: the caller has not seen what they would overwrite."""

    code = "precondition_failed"


class Forbidden(DomainError):
    """The caller may not do this."""

    code = "forbidden"


class Invalid(DomainError):
    """Input that breaks a rule; ``fields`` says where."""


class Unavailable(DomainError):
    """A server that is needed for it does not answer; nothing was changed."""

    code = "unavailable"
