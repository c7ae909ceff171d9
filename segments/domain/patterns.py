"""Regular expressions that conditions may use: a subset that cannot explode.

Letters, ``.``, classes, groups, ``|``, ``^``, ``$``, and ``* + ?`` or ``{2,5}``. There are no
back-references and no looking around, and repetition inside repetition is limited, so that
PostgreSQL matches each in time that grows with the text alone. What passes here is a valid
expression there and in Python, and means the same.
"""

from dataclasses import dataclass
from typing import Final

from segments.errors import DefinitionError

MAX_LENGTH: Final = 200
MAX_REPEATS: Final = 1_000
"""How often the innermost part may be repeated at most, counts multiplied."""
_MAX_BOUND: Final = 100
_CLASSES: Final = frozenset("dswDSW")
_PUNCTUATION: Final = frozenset("\\.^$*+?()[]{}|/-@#&%!~,:;=_'\" ")


def check_pattern(text: str, path: str) -> None:
    """Refuse an expression that is not of the subset.

    Raises:
        DefinitionError: it says why and at which character.
    """
    if len(text) > MAX_LENGTH:
        raise DefinitionError(path, f"must have at most {MAX_LENGTH} characters")
    reader = _Reader(text, path)
    reader.read_choice(1, depth=0)
    if reader.at < len(text):
        reader.refuse("closes a group that was not opened")


@dataclass(slots=True)
class _Reader:
    """Reads an expression once, from left to right."""

    text: str
    path: str
    at: int = 0

    def refuse(self, reason: str) -> None:
        """Raise with the place."""
        raise DefinitionError(self.path, f"character {self.at + 1} {reason}")

    def read_choice(self, repeats: int, *, depth: int) -> None:
        """Read up to the end of a group: parts with ``|`` between them, none of them empty."""
        is_empty = True
        while self._peek() not in ("", ")"):
            if self._peek() == "|":
                if is_empty:
                    self.refuse("begins a choice between nothing and something")
                self.at, is_empty = self.at + 1, True
                continue
            self._read_part(repeats, depth=depth)
            is_empty = False
        if is_empty:
            self.refuse("ends a choice or group that is empty")

    def _read_part(self, repeats: int, *, depth: int) -> None:
        if self._peek() in ("^", "$"):
            self.at += 1
            if self._peek() in ("*", "+", "?", "{"):
                self.refuse("repeats a place, not a character")
            return
        start = self.at
        self._read_atom(repeats, depth=depth)
        count = self._read_count()
        if count > 1:
            if repeats * count > MAX_REPEATS:
                self.refuse(f"repeats more than {MAX_REPEATS} times in all")
            end, self.at = self.at, start
            self._read_atom(repeats * count, depth=depth)
            self.at = end
        if self._peek() in ("*", "+", "?", "{"):
            self.refuse("repeats what is repeated already")

    def _read_atom(self, repeats: int, *, depth: int) -> None:
        match self._peek():
            case "(":
                self._read_group(repeats, depth=depth)
            case "[":
                self._read_class()
            case "\\":
                self._read_escape()
            case "*" | "+" | "?" | "{" | "}" | "]":
                self.refuse("stands for itself only behind a backslash")
            case _:
                self.at += 1

    def _read_group(self, repeats: int, *, depth: int) -> None:
        if depth >= 5:  # noqa: PLR2004 deep enough for anything that people read
            self.refuse("opens a group inside five others")
        self.at += 1
        if self._peek() == "?":
            self.refuse("looks around, which is not offered")
        self.read_choice(repeats, depth=depth + 1)
        if self._peek() != ")":
            self.refuse("should close a group")
        self.at += 1

    def _read_class(self) -> None:
        self.at += 1
        if self._peek() == "^":
            self.at += 1
        start = self.at
        while self._peek() != "]":
            if self._peek() in ("", "["):
                self.refuse("should close a class of characters")
            if self._peek() == "\\":
                self._read_escape()
            else:
                self._read_range()
        if self.at == start:
            self.refuse("closes a class that is empty")
        self.at += 1

    def _read_range(self) -> None:
        """Read one character of a class, or two with a dash between, which must be in order."""
        low = self._peek()
        self.at += 1
        following = self.text[self.at : self.at + 2]
        if len(following) < 2 or following[0] != "-" or following[1] == "]":  # noqa: PLR2004
            return
        both_plain = low.isalnum() and following[1].isalnum()
        if low == "-" or not both_plain or low > following[1]:
            self.refuse("is not a range such as a-z")
        self.at += 2

    def _read_escape(self) -> None:
        follows = self.text[self.at + 1 : self.at + 2]
        if not follows or (follows not in _CLASSES and follows not in _PUNCTUATION):
            self.refuse("is a backslash before something that it does not go with")
        self.at += 2

    def _read_count(self) -> int:
        """Return how often the part before may come at most; 2 without an end."""
        if self._peek() in ("*", "+"):
            self.at += 1
            return 2
        if self._peek() == "?":
            self.at += 1
            return 1
        return self._read_bounds() if self._peek() == "{" else 1

    def _read_bounds(self) -> int:
        end = self.text.find("}", self.at)
        parts = self.text[self.at + 1 : end].split(",") if end > 0 else []
        are_numbers = all(len(one) < 4 and one.isascii() and one.isdigit() for one in parts if one)  # noqa: PLR2004
        if not parts or not parts[0] or len(parts) > 2 or not are_numbers:  # noqa: PLR2004
            self.refuse("should be a count such as {2} or {2,5}")
        low = int(parts[0])
        high = int(parts[-1]) if parts[-1] else max(low, 2)
        if low > high or high > _MAX_BOUND or not high:
            self.refuse(f"counts from 1 to {_MAX_BOUND}, the lower one first")
        self.at = end + 1
        return high

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]
