"""What is not known of a person is no gap in a sentence: to show it is an error, never “Hi ,”.

Of what has to arrive, such as the confirmation of an order, it is no error: a mail with a gap
says more than none.
"""

from typing import Final, TextIO

from liquid import RenderContext
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.token import Token

OF_PEOPLE: Final = "person"
"""Variable whose values may be empty."""
CAUGHT_BY: Final = "default"
"""Filter that says something else, or on purpose nothing."""


class ShownNode(OutputNode):
    """One ``{{ … }}``."""

    __slots__ = ("_path",)

    def __init__(self, token: Token, expression: Expression) -> None:
        """Find out whether it shows a value of a person as it is."""
        super().__init__(token, expression)
        self._path = _find_path(expression)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value; raises `LiquidError` where a person lacks it."""
        value = self.expression.evaluate(context)
        text = to_liquid_string(value, context.autoescape)
        if self._path and not text.strip():
            raise LiquidError(f"{self._path} is empty", token=None)
        return buffer.write(text)


class Shown(Output):
    """Registers what is shown."""

    node_class = ShownNode


def _find_path(expression: Expression) -> str:
    """Return which value of a person is shown; empty for others, and where something is said."""
    if not isinstance(expression, FilteredExpression):
        return ""
    left, filters = expression.left, expression.filters or ()
    is_of_people = isinstance(left, Path) and left.path[0] == OF_PEOPLE
    return str(left) if is_of_people and all(f.name != CAUGHT_BY for f in filters) else ""
