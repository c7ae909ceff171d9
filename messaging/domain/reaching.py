"""Whether what somebody reads of a template asks for a variable: parts for others are left out.

Read off the template, without rendering it: where a condition is no plain `reader[…]`, all that
stands below it counts as read.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import Path
from liquid.builtin.expressions.logical import BooleanExpression
from liquid.builtin.tags.if_tag import IfNode
from liquid.expression import Expression

from messaging.domain.showing import NAME

_NOWHERE: Any = None
"""No tag that a template may use asks where it stands."""
_WHOLE: Final = 2
"""Steps of a path that is a condition: the variable and its key."""


def asks_for(nodes: Iterable[Node], name: str, reader: Mapping[str, bool]) -> bool:
    """Say whether somebody reads a part that asks for a variable.

    Args:
        nodes: of a compiled template.
        name: of the variable.
        reader: which conditions hold for them, as the variable `NAME` has it.

    Raises:
        KeyError: the template asks for a condition that is none.
    """
    return any(_node_asks(node, name, reader) for node in nodes)


def _node_asks(node: Node, name: str, reader: Mapping[str, bool]) -> bool:
    if isinstance(node, IfNode):
        return _choice_asks(node, name, reader)
    if any(_names(each, name) for each in node.expressions()):
        return True
    return asks_for(node.children(_NOWHERE), name, reader)


def _choice_asks(node: IfNode, name: str, reader: Mapping[str, bool]) -> bool:
    branches: list[tuple[Expression, BlockNode]] = [(node.condition, node.consequence)]
    branches += [(each.expression, each.block) for each in node.alternatives]
    for expression, block in branches:
        key = _read_key(expression)
        if key is not None and reader[key]:
            return _node_asks(block, name, reader)
        if key is None and (_names(expression, name) or _node_asks(block, name, reader)):
            return True
    return node.default is not None and _node_asks(node.default, name, reader)


def _read_key(expression: Expression) -> str | None:
    """Return the condition of `{% if reader["…"] %}`; None where something else is asked."""
    inner = expression.expression if isinstance(expression, BooleanExpression) else expression
    if isinstance(inner, Path) and len(inner.path) == _WHOLE and inner.path[0] == NAME:
        key = inner.path[1]
        return key if isinstance(key, str) else None
    return None


def _names(expression: Expression, name: str) -> bool:
    if isinstance(expression, Path) and expression.path[0] == name:
        return True
    return any(_names(each, name) for each in expression.children())
