"""What is said of a list of early access whose people cannot be told yet."""

from collections.abc import Sequence
from typing import Final

TOO_LATE: Final = (
    "It opened to everybody before it was known who is on the list, so not all of them were told."
)


def say_wait(names: Sequence[str]) -> str:
    """Return what a list waits for, by the segments that are worked out; empty for none."""
    if not names:
        return ""
    quoted = " and ".join(f"“{name}”" for name in names)
    return f"It is being worked out who is in {quoted}. They are told once that is known."


def say_stopped(name: str) -> str:
    """Return what keeps a list whose segment cannot be worked out."""
    return (
        f"Who is in “{name}” is not known, as working it out took too long. Make that segment "
        "simpler: its people are told once it is known who they are."
    )
