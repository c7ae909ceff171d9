"""What a rule of the flows refuses."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a flow definition.

    Attributes:
        path: where, such as ``nodes.n2.next``.
        text: what is wrong and what to do, in words.
    """

    path: str
    text: str


class GraphError(ValueError):
    """A flow definition that cannot be read or must not run; ``problems`` lists every fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.text}" for problem in problems))
        self.problems = tuple(problems)


class StepError(RuntimeError):
    """A node that a run cannot pass; the run fails with this text and can be resumed."""


class TextError(ValueError):
    """A text that holds no definition."""


class PlanError(ValueError):
    """A plan of a campaign that cannot be; ``problems`` lists every fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.text}" for problem in problems))
        self.problems = tuple(problems)
