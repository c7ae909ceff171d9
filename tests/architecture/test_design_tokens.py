"""The tokens keep their promise: words on their grounds reach contrast AA in both themes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

STYLES = Path(settings.BASE_DIR) / "static" / "src" / "styles"
PAIR = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in PAIR.findall((STYLES / "tokens.css").read_text())
}
WORDS = ["text", "text-soft", "text-faint", "accent", "good", "warn", "bad", "info"]
GROUNDS = ["canvas", "surface", "surface-raised", "surface-sunken", "hover"]
PAIRS = [(word, ground) for word in WORDS for ground in GROUNDS] + [
    ("good", "good-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("info", "info-soft"),
    ("accent", "accent-soft"),
    ("text-soft", "pressed"),
    *((f"heat-text-{step}", f"heat-{step}") for step in (3, 4, 5)),
    *(("text", f"heat-{step}") for step in (0, 1, 2)),
    ("text", "pressed"),
    *(("text", f"{tone}-soft") for tone in ("good", "warn", "bad", "info", "accent")),
]
AA = 4.5


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted([luminance(first), luminance(second)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), PAIRS)
def test_words_reach_contrast_aa(word: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[word][theme], TOKENS[ground][theme]) >= AA


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["accent-strong", "bad-strong"])
def test_words_on_a_filled_button_reach_contrast_aa(ground: str, theme: str) -> None:
    assert contrast("#ffffff", TOKENS[ground][theme]) >= AA


def test_only_the_tokens_name_colours() -> None:
    found = [
        f"{path.name}: {match}"
        for path in sorted(STYLES.glob("*.css"))
        if path.name != "tokens.css"
        for match in re.findall(r"#[0-9a-f]{3,8}\b", path.read_text())
    ]

    assert found == []
