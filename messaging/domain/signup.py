"""What a sign-up form asks, when it shows, and under which key the world knows it. Pure."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from messaging.choices import QuestionKind

BUILT_IN: Final = (
    QuestionKind.EMAIL,
    QuestionKind.PHONE,
    QuestionKind.FIRST_NAME,
    QuestionKind.BIRTHDAY,
)
"""Asked under these names in every form, in this order."""
OWN_KINDS: Final = tuple(kind for kind in QuestionKind if kind not in BUILT_IN)
WITH_OPTIONS: Final = (QuestionKind.CHOICE, QuestionKind.CHOICES)
CONSENT_CHANNELS: Final = {"email": QuestionKind.EMAIL, "sms": QuestionKind.PHONE}
"""Channels that a form can ask consent for, and the question that names their address."""
MAX_OWN: Final = 5
"""More own questions nobody answers."""
MAX_OPTIONS: Final = 20
MAX_NAME: Final = 40
MAX_ANSWER: Final = 500
EVERY_DAYS: Final = 7
CENTER: Final = "center"
RESERVED: Final = frozenset(
    {
        *(kind.value for kind in BUILT_IN),
        *("last_name", "name", "tags", "id", "unusable_email", "unusable_phone", "consent"),
    }
)
"""Names of properties that a form's own questions may not write."""
_KEY: Final = re.compile(r"([1-9][0-9]{0,17})-([0-9a-z]{16})")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a form asks.

    Attributes:
        name: in the form; of an own question also the property of the profile that it fills.
        kind: a word of `QuestionKind`.
        options: what can be chosen, as it is written on the form and kept.
    """

    name: str
    kind: str
    label: str
    is_required: bool = False
    options: tuple[str, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether the merchant thought it up."""
        return self.kind in OWN_KINDS


@dataclass(frozen=True, slots=True)
class ShowRules:
    """When a pop-up shows; the first of seconds, scroll and leaving that happens opens it.

    Attributes:
        after_seconds: since the page was opened; None: time alone does not open it.
        scroll_pct: how far down, 1 to 100; None: scrolling does not open it.
        on_exit: when the pointer leaves the page at its top.
        pages: paths on which it may show, ``*`` stands for anything; none: all.
        except_pages: paths on which it never shows.
        every_days: how many days lie between two times.
        position: ``center`` or ``corner``.
    """

    after_seconds: int | None = None
    scroll_pct: int | None = None
    on_exit: bool = False
    pages: tuple[str, ...] = ()
    except_pages: tuple[str, ...] = ()
    every_days: int = EVERY_DAYS
    position: str = CENTER


def read_questions(stored: Iterable[Mapping[str, Any]]) -> list[Question]:
    """Return the questions of a form as they are stored."""
    return [Question(**{**each, "options": tuple(each["options"])}) for each in stored]


def write_questions(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Return questions as they are stored."""
    return [{**asdict(each), "options": list(each.options)} for each in questions]


def read_rules(stored: Mapping[str, Any]) -> ShowRules:
    """Return the rules of a form as they are stored."""
    lists = {name: tuple(stored.get(name, ())) for name in ("pages", "except_pages")}
    return ShowRules(**{**stored, **lists})


def write_rules(rules: ShowRules) -> dict[str, Any]:
    """Return rules as they are stored."""
    found = asdict(rules)
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in found.items()
    }


def name_property(label: str, taken: Collection[str]) -> str:
    """Return the property that the answers to an own question are kept under.

    Args:
        label: the question.
        taken: names that other questions of the form have.
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    base = _NO_WORD.sub("_", plain).strip("_")[:MAX_NAME].strip("_") or "answer"
    names = [base, *(f"{base}_{number}" for number in range(2, MAX_OWN + len(RESERVED) + 2))]
    return next(name for name in names if name not in RESERVED and name not in taken)


def typed_value(value: Any) -> Any:
    """Return an answer as it is kept in JSON: dates as ISO text, numbers as numbers."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def is_said(value: Any) -> bool:
    """Say whether a question was answered at all."""
    return value not in (None, "", [])


def join_key(tenant_id: int, token: str) -> str:
    """Return the key of a form as it stands in addresses."""
    return f"{tenant_id}-{token}"


def split_key(key: str) -> tuple[int, str] | None:
    """Return tenant and token of a key; None for one that was never made."""
    found = _KEY.fullmatch(key)
    return (int(found[1]), found[2]) if found else None


def split_lines(text: str, most: int = MAX_OPTIONS) -> tuple[str, ...]:
    """Return the lines of a text, each once, without those that are empty."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))[:most]


def find_question(questions: Sequence[Question], kind: str) -> Question | None:
    """Return the question of a built-in kind, if the form asks it."""
    return next((each for each in questions if each.kind == kind), None)
