from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import time_machine
from django.template import Context, Template
from django.test import RequestFactory

from kernel.statuses import look_of
from kernel.templatetags import ui


def render(text: str, **values: object) -> str:
    return " ".join(Template(text).render(Context(values)).split())


@time_machine.travel(datetime(2026, 6, 15, 12, 0, tzinfo=UTC), tick=False)
def test_ago_shows_words_and_keeps_the_exact_time_of_the_tenant() -> None:
    request = SimpleNamespace(tenant=SimpleNamespace(timezone="Asia/Tokyo"))
    at = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)

    assert render("{% ago at %}", request=request, at=at) == (
        '<time datetime="2026-06-15T10:00:00+00:00" title="Mon 15 Jun 2026, 19:00:00 Asia/Tokyo"'
        " data-ago>2 hours ago</time>"
    )


def test_names_cannot_bring_markup() -> None:
    written = render("{% avatar name %}{% pill name %}", name='<b>Eve</b> "Mallory"')

    assert "<b>" not in written
    assert "&lt;b&gt;Eve" in written


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Byron", "AB"), ("ada@example.com", "A"), ("", "?"), (None, "?"), ("Jo van Dam", "JD")],
)
def test_initials_are_first_and_last(name: str | None, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_change_is_judged_by_what_is_good() -> None:
    assert ui.change(12, 10)["tone"] == "good"
    assert ui.change(12, 10, "down")["tone"] == "bad"
    assert ui.change(12, 10, "none")["tone"] == "neutral"
    assert ui.change(10, 10)["direction"] == "flat"
    assert ui.change(10, 0) == {"rate": None}


def test_a_meter_stays_inside_its_bar() -> None:
    assert 'rect width="33.3%"' in ui.meter(40, 120)
    assert 'rect width="100.0%"' in ui.meter(130, 120)
    assert 'rect width="0.0%"' in ui.meter(3, 0)


def test_a_status_that_nobody_listed_is_neutral_and_keeps_its_word() -> None:
    assert look_of("quarantined").tone == "warn"
    assert look_of("half_open") == ("neutral", "ring", "Half open")


def test_a_sorted_header_turns_round_and_forgets_the_page() -> None:
    request = RequestFactory().get("/", {"sort": "-revenue", "after": "x", "q": "ada"})
    written = render('{% sort_header "Revenue" "revenue" "number" %}', request=request)

    assert 'aria-sort="descending"' in written
    assert 'href="?sort=revenue&amp;q=ada"' in written


def test_heat_has_six_steps() -> None:
    assert [ui.heat(value, 100) for value in (None, 0, 1, 50, 100, 200)] == [0, 0, 1, 2, 5, 5]


def test_a_payload_is_indented_and_text_that_is_none_stays_as_it_is() -> None:
    assert ui.pretty_json({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
    assert ui.pretty_json("{broken") == "{broken"
