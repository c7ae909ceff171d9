"""Liquid: strict, so that a variable nobody knows is an error and never an empty gap in a mail."""

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError, TemplateNotFoundError

from kernel import formats
from messaging.domain.liquid_limits import MAX_LOCALS, TimedTemplate, limit_filters
from messaging.domain.mime import clean_header
from messaging.domain.reaching import asks_for
from messaging.domain.showing import NAME as READER
from messaging.domain.skeletons import Outline
from messaging.domain.unsaid import Shown
from messaging.errors import RenderError, TemplateInvalid
from messaging.types import RenderedEmail

MAX_LOOPS = 10_000
"""Rounds that all loops of one template may take together."""
MAX_OUTPUT = 2_000_000
"""Characters that one part may become."""
MAX_JOINED = MAX_OUTPUT // 4
"""Bytes of a character are four at most: what may be too long is rendered under the limit."""
_NOTE = re.compile(r"\s*\n.*", re.DOTALL)
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


class _Environment(Environment):
    loop_iteration_limit = MAX_LOOPS
    output_stream_limit = MAX_OUTPUT
    local_namespace_limit = MAX_LOCALS
    template_class = TimedTemplate


def _money(minor: Any, currency: Any) -> str:
    """``{{ order.total_minor | money: order.currency }}`` writes £1,240.50."""
    return formats.format_money(int(minor), str(currency))


def _day(at: Any) -> str:
    """``{{ order.ordered_at | day }}`` writes 4 May 2026."""
    if isinstance(at, datetime):
        return formats.format_day(at.date())
    if isinstance(at, date):
        return formats.format_day(at)
    raise LiquidError("day needs a date", token=None)


def _environment(*, autoescape: bool, must_arrive: bool) -> Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=autoescape)
    if not must_arrive:
        environment.add_tag(Shown)
    environment.add_filter("money", _money)
    environment.add_filter("day", _day)
    limit_filters(environment)
    return environment


def _environments(*, autoescape: bool) -> dict[bool, Environment]:
    return {
        must_arrive: _environment(autoescape=autoescape, must_arrive=must_arrive)
        for must_arrive in (False, True)
    }


_HTML = _environments(autoescape=True)
"""By whether what is written must arrive, also with a gap."""
_PLAIN = _environments(autoescape=False)
"""Likewise."""


class EmailTemplate:
    """The compiled parts of one template version.

    Attributes:
        variables: first words of everything the parts ask for.
        asked: by part what it asks for: by first word the paths, as lists of segments.
    """

    def __init__(
        self, *, subject: str, preheader: str, html: str, text: str, must_arrive: bool = False
    ) -> None:
        """Compile.

        Args:
            subject: Liquid, as are the others.
            preheader: likewise.
            html: likewise.
            text: likewise.
            must_arrive: whether it is written to somebody who lacks a value that it shows, too.

        Raises:
            TemplateInvalid: a part is not Liquid; ``fields`` names it.
        """
        self._subject = _compile("subject", subject, _PLAIN[must_arrive])
        self._preheader = _compile("preheader", preheader, _PLAIN[must_arrive])
        self._html = _compile("mjml", html, _HTML[must_arrive])
        self._text = _compile("text", text, _PLAIN[must_arrive])
        self._outlines: dict[int, Outline] = {}
        self.asked = {
            "subject": _list_asked(self._subject),
            "preheader": _list_asked(self._preheader),
            "mjml": _list_asked(self._html),
            "text": _list_asked(self._text),
        }
        names = {name for asked in self.asked.values() for name in asked}
        self.variables = frozenset(names - {"preheader", "subject"})

    def asks(self, name: str, values: Mapping[str, Any]) -> bool:
        """Say whether whom it is written to reads a part that asks for a variable."""
        parts = (self._subject, self._preheader, self._html, self._text)
        return _ask(name, self.variables, parts, values)

    def render(self, values: Mapping[str, Any]) -> RenderedEmail:
        """Return what the template says with some values.

        Subject and preheader are rendered first and are variables of the HTML part.

        Raises:
            RenderError: a variable is missing, or a filter got what it cannot take.
        """
        subject = clean_header("".join(self._say(self._subject, values)))
        preheader = clean_header("".join(self._say(self._preheader, values)))
        if not subject:
            raise RenderError("the subject is empty")
        inner = {**values, "subject": subject, "preheader": preheader}
        text = "".join(self._say(self._text, values))
        pieces = self._say(self._html, inner)
        return RenderedEmail(
            subject,
            "".join(pieces),
            _BLANK_LINES.sub("\n\n", text).strip() + "\n",
            tuple(pieces) if len(pieces) > 1 else (),
        )

    def _say(self, part: BoundTemplate, values: Mapping[str, Any]) -> list[str]:
        """Return a part in pieces, every second of them personal; one where it is a whole."""
        outline = self._outlines.get(id(part))
        if outline is None:
            outline = self._outlines[id(part)] = Outline(part)
        pieces = outline.pieces(values, lambda marked: _render(part, marked))
        if pieces is None or sum(map(len, pieces)) > MAX_JOINED:
            return [_render(part, values)]
        return pieces


@functools.lru_cache(maxsize=1024)
def compile_template(
    *, subject: str, preheader: str, html: str, text: str, must_arrive: bool = False
) -> EmailTemplate:
    """Return the compiled parts of a template, from memory where they were compiled before."""
    return EmailTemplate(
        subject=subject, preheader=preheader, html=html, text=text, must_arrive=must_arrive
    )


class PartsTemplate:
    """Plain texts that are written together, such as title and body of a push message.

    Attributes:
        variables: first words of everything the parts ask for.
    """

    def __init__(self, parts: Mapping[str, str], *, must_arrive: bool = False) -> None:
        """Compile.

        Args:
            parts: Liquid by name.
            must_arrive: whether they are written to somebody who lacks a value, too.

        Raises:
            TemplateInvalid: a part is not Liquid; ``fields`` names it.
        """
        plain = _PLAIN[must_arrive]
        self._parts = {name: _compile(name, source, plain) for name, source in parts.items()}
        self.variables = frozenset(
            str(name) for part in self._parts.values() for name in part.global_variables()
        )

    def asks(self, name: str, values: Mapping[str, Any]) -> bool:
        """Say whether whom they are written to reads a part that asks for a variable."""
        return _ask(name, self.variables, tuple(self._parts.values()), values)

    def render(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what each part says with some values, without blanks around it.

        Raises:
            RenderError: a variable is missing, or a filter got what it cannot take.
        """
        return {name: _render(part, values).strip() for name, part in self._parts.items()}


@functools.lru_cache(maxsize=1024)
def compile_parts(
    parts: tuple[tuple[str, str], ...], *, must_arrive: bool = False
) -> PartsTemplate:
    """Return compiled parts, given as name and Liquid, from memory where they were compiled."""
    return PartsTemplate(dict(parts), must_arrive=must_arrive)


def _compile(field: str, source: str, environment: Environment) -> BoundTemplate:
    try:
        template = environment.from_string(source)
        filters = template.analyze().filters
    except TemplateNotFoundError as exc:
        raise _invalid(field, "it includes another template, which none can") from exc
    except LiquidError as exc:
        raise _invalid(field, _say(exc)) from exc
    unknown = sorted(filters.keys() - environment.filters.keys())
    if unknown:
        raise _invalid(field, f"unknown filter {', '.join(unknown)}")
    return template


def _list_asked(template: BoundTemplate) -> dict[str, list[list[Any]]]:
    found = template.analyze().globals
    return {name: [list(each.segments) for each in paths] for name, paths in found.items()}


def _ask(
    name: str,
    variables: frozenset[str],
    parts: Sequence[BoundTemplate],
    values: Mapping[str, Any],
) -> bool:
    if name not in variables or READER not in variables:
        return name in variables
    try:
        return any(asks_for(part.nodes, name, values[READER]) for part in parts)
    except KeyError:  # a condition that is none: rendering says so
        return True


def _invalid(field: str, words: str) -> TemplateInvalid:
    return TemplateInvalid(f"{field}: {words}", fields={field: words})


def _render(template: BoundTemplate, values: Mapping[str, Any]) -> str:
    try:
        return template.render(**values)
    except LiquidError as exc:
        raise RenderError(_say(exc)) from exc
    except (TypeError, ValueError, ArithmeticError) as exc:
        raise RenderError(f"a value does not fit: {exc}") from exc


def _say(error: LiquidError) -> str:
    """Return the first line of an error; the rest draws the place with arrows."""
    return _NOTE.sub("", str(error)).strip() or type(error).__name__
