"""What segments refuse."""

from collections.abc import Sequence

from kernel.errors import Invalid


class DefinitionError(Invalid):
    """A definition that cannot be understood; ``fields`` names the place and the reason.

    Attributes:
        path: place in the definition, such as ``definition.children[0].value``.
        pointer: the same as a JSON pointer (RFC 6901), such as ``/definition/children/0/value``.
    """

    code = "invalid_definition"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", fields={path: reason})
        self.path = path
        escaped = path.replace("~", "~0").replace("/", "~1")
        self.pointer = "/" + escaped.replace("[", "/").replace("]", "").replace(".", "/")
        self.reason = reason


class CircleError(DefinitionError):
    """Segments that refer to each other.

    Attributes:
        circle: their ids on the way round, the first one once more at the end.
    """

    def __init__(self, circle: Sequence[int]) -> None:
        way = " → ".join(str(key) for key in circle)
        super().__init__("definition", f"segments refer to each other: {way}")
        self.circle = circle
