"""What segments refuse."""

from kernel.errors import Invalid


class DefinitionError(Invalid):
    """A definition that cannot be understood; ``fields`` names the place and the reason.

    Attributes:
        path: place in the definition, such as ``children[0].value``.
    """

    code = "invalid_definition"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", fields={path: reason})
        self.path = path
        self.reason = reason
