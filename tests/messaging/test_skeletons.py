"""Skeletons: what is joined from pieces says exactly what the template says."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain import skeletons
from messaging.domain.links import add_pixel, track_links, track_pieces
from messaging.domain.mime import build_email
from messaging.domain.rendering import EmailTemplate
from messaging.errors import RenderError
from messaging.types import RenderedEmail
from tests.messaging.test_email_smtp import outgoing

BRAND = {
    "name": "Ada & Söhne",
    "accent": "#123456",
    "links": [{"name": "A", "url": "https://a.example"}],
}
STORE = {"name": "Soap", "url": "https://soap.example"}
NAMES = ["Ada", "Zoë <b>", "", "  ", "O'Hara & Co", "\u05d0\u05d3\u05d4", "Ada"]
HTML = """<html><body>
{% if who.first_name != "" %}Hi {{ who.first_name }},{% else %}Hello,{% endif %}
{% unless who.city == "" %}in {{ who.city }}{% endunless %}
{% if who.first_name and brand.name != "" %}{{ brand.name }}{% endif %}
<a href="{{ store.url }}?a=1&amp;b=2">Shop</a> <a class="x" href="{{ unsubscribe_url }}">Stop</a>
{% for link in brand.links %}<a href="{{ link.url }}">{{ link.name }}</a>{% endfor %}
{{ subject }}{{ preheader }}. A line that is long enough to be broken somewhere =3D
</body></html>"""


def values(name: str, **more: Any) -> dict[str, Any]:
    return {
        "brand": BRAND,
        "store": STORE,
        "who": {"first_name": name, "city": "Köln" if name == "Ada" else ""},
        "unsubscribe_url": f"https://shop.example/u/{len(name)}",
        **more,
    }


def template(html: str = HTML, text: str = "Hi {{ who.first_name }}") -> EmailTemplate:
    return EmailTemplate(
        subject="{{ who.first_name }}, news", preheader="Soap", html=html, text=text
    )


def say(each: EmailTemplate, given: dict[str, Any]) -> RenderedEmail:
    found = each.render(given)
    return RenderedEmail(found.subject, found.html, found.text)


def test_what_is_joined_is_what_a_fresh_template_says(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = template()
    given = [values(name) for name in NAMES * 3]
    joined = [kept.render(each) for each in given]
    monkeypatch.setattr(skeletons.Outline, "pieces", lambda *_: None)
    whole = [say(template(), each) for each in given]

    assert [(mail.subject, mail.html, mail.text) for mail in joined] == [
        (mail.subject, mail.html, mail.text) for mail in whole
    ]
    assert sum(bool(mail.pieces) for mail in joined) >= len(NAMES)


@pytest.mark.parametrize(
    "html",
    [
        "<body>{{ who.first_name | upcase }}</body>",
        "<body>{% if who.first_name == 'Ada' %}A{% else %}B{% endif %}</body>",
        "<body>{% assign name = who.first_name %}{{ name | size }}</body>",
        "{% for who in brand.links %}{{ who.name }}{% endfor %}{{ who.city }}</body>",
        "<body>{% if who.first_name contains 'd' %}D{% endif %}{{ who.first_name }}</body>",
        "<body>{% capture a %}{{ who.first_name }}{% endcapture %}{{ a | size }}</body>",
    ],
)
def test_what_is_asked_of_a_value_otherwise_is_answered_with_the_value(html: str) -> None:
    kept = template(html)
    for name in NAMES * 2:
        assert say(kept, values(name)) == say(template(html), values(name))


def test_a_value_that_somebody_lacks_is_an_error_for_them_alone() -> None:
    kept = template()
    for name in NAMES * 2:
        kept.render(values(name))
    lacking = values("Ada")
    del lacking["unsubscribe_url"]

    with pytest.raises(RenderError, match="unsubscribe_url"):
        kept.render(lacking)
    with pytest.raises(RenderError):
        template("<body>{{ who.first_name }}{{ who.none }}</body>").render(values("Ada"))


def test_links_of_pieces_are_those_of_the_whole_mail() -> None:
    kept = template()
    for name in NAMES * 2:
        mail = kept.render(values(name))
        own = frozenset({values(name)["unsubscribe_url"]})
        pieces = track_pieces(
            mail.pieces,
            untracked=own,
            track=lambda url: f"https://c.example/{url}",
            pixel="https://p",
        )
        whole = track_links(mail.html, untracked=own, track=lambda url: f"https://c.example/{url}")
        if mail.pieces:
            assert pieces is not None
            assert "".join(pieces) == add_pixel(whole, "https://p")


@pytest.mark.parametrize(
    "html",
    [
        '<body><a href="https://a.example/{{ who.city }}">x</a></body>',
        "<body><a href='https://a.example'>x</a>{{ who.city }}</body>",
        '<body><A href="https://a.example">x</A>{{ who.city }}</body>',
        '<body><a title="{{ who.city }}" href="https://a.example">x</a></body>',
        '<p><a href="https://a.example">x</a>{{ who.city }}</p>',
    ],
)
def test_links_in_places_that_are_not_understood_are_looked_for_in_the_whole(html: str) -> None:
    kept = template(html)
    mail = [kept.render(values("Ada")) for _ in range(3)][-1]

    assert mail.pieces
    assert (
        track_pieces(mail.pieces, untracked=frozenset(), track=lambda url: url, pixel="https://p")
        is None
    )


def parse(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    return parsed


@given(st.lists(st.text(alphabet=" .=aé<t\r\n\x00", max_size=200), min_size=5, max_size=5))
def test_no_line_of_a_mail_begins_with_a_dot_and_none_is_too_long(said: list[str]) -> None:
    text, *pieces = said
    for content in (
        RenderedEmail("News", "".join(pieces), text),
        RenderedEmail("News", "".join(pieces), text, (*pieces, "." * 150)),
    ):
        raw = build_email(replace(outgoing(), content=content))

        assert b"\n." not in raw
        assert parse(raw).get_body(("plain",)) is not None


def test_a_mail_in_pieces_reads_as_the_same_mail() -> None:
    kept = template(text="Grüße = {{ who.first_name }}\n.\nFrom us ")
    for name in NAMES * 2:
        content = kept.render(values(name))
        parsed = parse(build_email(replace(outgoing(), content=content)))
        for kind, said in (("html", content.html), ("plain", content.text)):
            body = parsed.get_body((kind,))
            assert body is not None
            assert body.get_content().replace("\r\n", "\n").rstrip("\n") == said.rstrip("\n")
