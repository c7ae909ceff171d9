"""No template can keep a worker busy or fill its memory, whatever it is made of."""

from collections.abc import Callable
from itertools import count

import pytest

from messaging.domain import liquid_limits
from messaging.domain.rendering import compile_parts
from messaging.errors import RenderError

pytestmark = pytest.mark.covers("M6")

ROUNDS = "{% for n in (1..9000) %}BODY{% endfor %}"


def say(source: str, **values: object) -> str:
    return compile_parts((("text", source),)).render(values)["text"]


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a second go by with each look at the clock."""

    def make(every: int) -> None:
        ticks = count()
        monkeypatch.setattr(liquid_limits, "clock", lambda: float(next(ticks)))
        monkeypatch.setattr(liquid_limits, "EVERY", every)

    return make


@pytest.mark.parametrize(
    "body",
    [
        "{% if 1 == 2 %}{% endif %}",
        "{% assign a = 1 %}",
        "{{ n | plus: 1 }}",
        "x",
        "{% capture a %}{% endcapture %}",
        "{% comment %}x{% endcomment %}{% if n %}{% endif %}",
        "{% case n %}{% when 0 %}x{% endcase %}",
    ],
)
def test_what_takes_too_long_ends(hurry: Callable[[int], None], body: str) -> None:
    source = ROUNDS.replace("BODY", body)
    hurry(100)

    with pytest.raises(RenderError, match="longer than 2 seconds"):
        say(source)


def test_a_short_text_never_looks_at_the_clock_twice(hurry: Callable[[int], None]) -> None:
    hurry(100)

    assert say("Hello {{ name }}", name="Zoë") == "Hello Zoë"


LONG = "{% capture a %}{% for n in (1..9000) %}xxxxxxxxxx{% endfor %}{% endcapture %}"


@pytest.mark.parametrize(
    "source",
    [
        "{% assign a = 'xxxxxxxx' %}"
        + ROUNDS.replace("9000", "40").replace("BODY", "{% assign a = a | append: a %}"),
        LONG + "{{ a | replace: 'x', a }}",
        LONG + "{% assign b = a | split: '' %}{{ b | join: a }}",
        LONG + "{{ a | replace: '', a }}",
    ],
)
def test_a_text_that_multiplies_ends_before_memory_does(source: str) -> None:
    with pytest.raises(RenderError, match=r"limit reached|grows beyond"):
        say(source)


def test_filters_that_are_limited_do_what_they_did() -> None:
    assert say("{{ 'a-b' | replace: '-', '+' }} {{ words | join: ', ' }}", words=["a", "b"]) == (
        "a+b a, b"
    )
    assert say("{{ words | join }} {{ 'aba' | replace: 'a' }}", words=["a", "b"]) == "a b b"
