"""Template tags and filters of the pages; a builtin, so no ``{% load %}`` is needed.

`templates/components/README.md` shows each with an example.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel import clock, formats
from kernel.statuses import look_of

register = template.Library()

AVATAR_HUES = 5
HEAT_STEPS = 5


def _zone_of(context: Context) -> str:
    tenant = getattr(context.get("request"), "tenant", None) or context.get("tenant")
    return getattr(tenant, "timezone", None) or "UTC"


def _figure(value: Decimal | float | str | None) -> Decimal | float | None:
    """Return a figure; None for what a template could not find (an empty text)."""
    if isinstance(value, str):
        return Decimal(value) if value else None
    return value


@register.filter
def money(minor: int | str | None, currency: str) -> str:
    """``{{ order.total_minor|money:order.currency }}`` writes £1,240.50."""
    figure = _figure(minor)
    return formats.format_money(None if figure is None else int(figure), currency)


@register.filter
def number(value: Decimal | float | str | None, digits: int = 0) -> str:
    """``{{ count|number }}`` writes 12,480; the argument is the most digits behind the point."""
    return formats.format_number(_figure(value), digits)


@register.filter
def percent(rate: Decimal | float | str | None, digits: int = 1) -> str:
    """``{{ rate|percent }}`` writes 3.2% for 0.032."""
    return formats.format_rate(_figure(rate), digits)


@register.filter
def day(value: date | None) -> str:
    """``{{ date|day }}`` writes 4 May 2026; for plain dates, which have no zone."""
    return formats.NOTHING if value is None else formats.format_day(value)


@register.simple_tag(takes_context=True)
def ago(context: Context, at: datetime | None) -> str:
    """``{% ago order.placed_at %}`` writes "2 hours ago" with the exact time on hover."""
    if not at:
        return formats.NOTHING
    zone = _zone_of(context)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        at.isoformat(),
        formats.format_time(at, zone, "EEE d MMM y, HH:mm:ss") + f" {zone}",
        formats.format_ago(at, clock.now(), zone),
    )


_STYLES = {"datetime": "d MMM y, HH:mm", "date": "d MMM y", "time": "HH:mm"}


@register.simple_tag(takes_context=True)
def local_time(context: Context, at: datetime | None, style: str = "datetime") -> str:
    """``{% local_time at "date" %}`` writes an instant in the tenant's zone."""
    if not at:
        return formats.NOTHING
    zone = _zone_of(context)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        formats.format_time(at, zone, "EEE d MMM y, HH:mm:ss") + f" {zone}",
        formats.format_time(at, zone, _STYLES[style]),
    )


@register.simple_tag
def icon(name: str, size: int = 18, label: str = "") -> SafeString:
    """``{% icon "store" %}``; give a label when no word stands beside it. Sizes 16, 18, 24."""
    sized = "icon" if size == 18 else f"icon icon-{size}"  # noqa: PLR2004 the size without a class
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="#i-{}"></use></svg>',
            sized,
            label,
            name,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="#i-{}"></use></svg>', sized, name
    )


@register.simple_tag
def pill(text: str, tone: str = "neutral", symbol: str = "ring") -> SafeString:
    """``{% pill "Gold" "accent" "star" %}`` writes a word with an icon in a tone."""
    return format_html(
        '<span class="pill" data-tone="{}">{}{}</span>', tone, icon(symbol, 16), text
    )


@register.simple_tag
def status_pill(status: str, label: str = "") -> SafeString:
    """``{% status_pill message.status %}`` knows tone, icon and word of a stored status."""
    look = look_of(str(status))
    return pill(label or look.word, look.tone, look.icon)


@register.filter
def initials(name: str | None) -> str:
    """Return one or two letters for an avatar; ``?`` when the name holds no letter."""
    words = [word for word in (name or "").replace(".", " ").split("@")[0].split() if word]
    letters = [next((sign for sign in word if sign.isalnum()), "") for word in words]
    found = [letter for letter in letters if letter]
    return "".join(found[:1] + found[1:][-1:]).upper() or "?"


@register.simple_tag
def avatar(name: str | None, size: str = "") -> SafeString:
    """``{% avatar profile.name "large" %}`` draws initials in a hue that stays with the name."""
    hue = crc32((name or "").encode()) % AVATAR_HUES
    classes = "avatar avatar-large" if size == "large" else "avatar"
    return format_html(
        '<span class="{}" data-hue="{}" aria-hidden="true">{}</span>', classes, hue, initials(name)
    )


@register.inclusion_tag("components/change.html")
def change(
    current: Decimal | float | None,
    previous: Decimal | float | None,
    good: str = "up",
    *,
    is_share: bool = False,
) -> dict[str, Any]:
    """``{% change now before %}`` writes the change in per cent; ``good`` is up, down or none.

    Of a share, which is a per cent itself, only the direction is written.
    """
    if current is None or not previous:
        return {"rate": None}
    rate = (Decimal(str(current)) - Decimal(str(previous))) / abs(Decimal(str(previous)))
    direction = "up" if rate > 0 else "down" if rate < 0 else "flat"
    is_judged = direction != "flat" and good in {"up", "down"}
    tone = ("good" if direction == good else "bad") if is_judged else "neutral"
    return {"rate": abs(rate), "direction": direction, "tone": tone, "is_share": is_share}


@register.simple_tag
def meter(value: float, total: float, label: str = "", tone: str = "accent") -> SafeString:
    """``{% meter 40 120 "40 of 120" %}`` draws a bar; the width is an attribute, not a style."""
    share = 0.0 if not total else max(0.0, min(1.0, float(value) / float(total)))
    return format_html(
        '<svg class="meter" data-tone="{}" role="img" aria-label="{}">'
        '<rect width="{}%" height="100%"></rect></svg>',
        tone,
        label or formats.format_rate(share),
        f"{share * 100:.1f}",
    )


@register.simple_tag
def sparkline(values: Sequence[float], label: str = "") -> SafeString:
    """``{% sparkline row.daily "Entered per day" %}`` draws a small line from zero."""
    top = max([1.0, *(float(value) for value in values)])
    step = 96 / max(1, len(values) - 1)
    points = " ".join(
        f"{index * step:.1f},{23 - float(value) / top * 22:.1f}"
        for index, value in enumerate(values)
    )
    return format_html(
        '<svg class="sparkline" viewBox="0 0 96 24" role="img" aria-label="{}">'
        '<polyline points="{}"></polyline></svg>',
        label,
        points,
    )


@register.filter
def heat(value: float | None, top: float) -> int:
    """Return the step 0 to 5 of a heat map; 0 is nothing, ``top`` and beyond is 5."""
    if not value or not top:
        return 0
    return max(1, min(HEAT_STEPS, round(float(value) / float(top) * HEAT_STEPS)))


@register.filter
def pretty_json(value: Any) -> str:
    """Write a value as indented JSON, for a code block; text stays as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, label: str, key: str, numeric: str = "") -> dict[str, Any]:
    """``{% sort_header "Revenue" "revenue" "number" %}`` is a ``<th>`` that sorts by ``?sort=``."""
    current = context["request"].GET.get("sort", "")
    states = {key: ("ascending", f"-{key}"), f"-{key}": ("descending", key)}
    state, following = states.get(current, ("none", f"-{key}" if numeric else key))
    return {
        "request": context["request"],
        "label": label,
        "state": state,
        "following": following,
        "numeric": numeric,
    }


@register.simple_block_tag
def card(content: str, title: str = "", text: str = "", flush: str = "") -> str:
    """``{% card "Orders" %}…{% endcard %}``; ``flush="yes"`` for a table to the edges."""
    return render_to_string(
        "components/card.html", {"content": content, "title": title, "text": text, "flush": flush}
    )


@register.simple_block_tag
def dialog(content: str, name: str, title: str, size: str = "") -> str:
    """``{% dialog "erase" "Erase Ada Byron?" %}…{% enddialog %}`` opens by data-dialog-open."""
    return render_to_string(
        "components/dialog.html", {"content": content, "id": name, "title": title, "size": size}
    )


@register.simple_block_tag
def hint(content: str, name: str, title: str = "") -> str:
    """``{% hint "aov" "Average order value" %}formula{% endhint %}`` is the ⓘ with a popover."""
    label = f"About {title}" if title else "About this"
    return render_to_string(
        "components/hint.html", {"content": content, "id": name, "title": title, "label": label}
    )


@register.simple_tag(takes_context=True)
def repeat_block(context: Context, name: str) -> SafeString:
    """``{% repeat_block "title" %}`` writes a block of the page a second time."""
    blocks = context.render_context[BLOCK_CONTEXT_KEY]
    rendered: SafeString = blocks.get_block(name).nodelist.render(context)
    return rendered
