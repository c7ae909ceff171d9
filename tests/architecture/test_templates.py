"""Templates: nothing that a strict Content-Security-Policy refuses, small, with known icons."""

import re
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
SPRITE = FOLDER / "components" / "sprite.html"
REFUSED = {
    "a script in the page": re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE
    ),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\s(on[a-z]+|hx-on[:\-\w]*)\s*=", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "another host": re.compile(r"(src|href|action)\s*=\s*[\"'](https?:)?//", re.IGNORECASE),
}
LONGEST = 200


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(FOLDER)) for path in paths]


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_carries_nothing_that_the_policy_refuses(path: Path) -> None:
    text = path.read_text()

    assert [what for what, pattern in REFUSED.items() if pattern.search(text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_every_icon_that_a_template_or_a_status_names_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="i-([a-z-]+)"', SPRITE.read_text()))
    asked = {
        name
        for path in TEMPLATES
        if path != SPRITE
        for name in re.findall(r"{%\s*icon \"([a-z-]+)\"|symbol=\"([a-z-]+)\"", path.read_text())
        for name in name
        if name
    }

    assert asked - drawn == set()


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("<script>alert(1)</script>", "a script in the page"),
        ('<p style="color: red">', "a style attribute"),
        ('<button onclick="go()">', "an event attribute"),
        ('<a href="javascript:go()">', "a javascript address"),
        ('<script src="//cdn.example/x.js"></script>', "another host"),
    ],
)
def test_the_rules_find_what_they_are_for(bad: str, what: str) -> None:
    assert REFUSED[what].search(bad)


@pytest.mark.parametrize(
    "good",
    [
        "<script src=\"{% vite_asset_url 'src/theme.ts' %}\"></script>",
        '<script id="data" type="application/json">{}</script>',
        '<input data-style="x" name="once">',
    ],
)
def test_the_rules_let_pass_what_is_allowed(good: str) -> None:
    assert [what for what, pattern in REFUSED.items() if pattern.search(good)] == []
