"""What each block becomes: MJML with Liquid, which is kept as it is until somebody is written to.

Texts that a merchant typed are escaped, but Liquid in them stays: a heading may greet by name.
"""

import html
from collections.abc import Mapping
from urllib.parse import quote

_SOFT = 'css-class="soft" align="center" font-size="14px" color="#5b6b6d"'
_PAGE = 'css-class="page" background-color="#f3f6f6"'
_LIQUID = ("{{", "{%")


def write_header(said: Mapping[str, str]) -> str:
    """Return logo or name above the sheet."""
    return (
        f'<mj-section {_PAGE} padding="32px 32px 16px"><mj-column>'
        f'<mj-text align="{said["align"]}" font-size="18px" font-weight="600" padding="0">'
        '{% if brand.logo_url != "" %}<img src="{{ brand.logo_url }}" alt="{{ brand.name }}" '
        'width="{{ brand.logo_width }}" height="{{ brand.logo_height }}" '
        'style="display:inline-block;border:0" />{% else %}{{ brand.name }}{% endif %}'
        "</mj-text></mj-column></mj-section>"
    )


def write_products(said: Mapping[str, str]) -> str:
    """Return a grid of products from a shelf."""
    if said["source"] == "chosen":
        key = f"chosen/{said['ids']}"
    else:
        behind = f"/{quote(said['category'], safe=' ')}" if said["category"] else ""
        key = f"{said['source']}/{said['count']}{behind}"
    return _grid(f"products['{key}']", said)


def write_recommendations(said: Mapping[str, str]) -> str:
    """Return a grid of products for one person."""
    return _grid("recommendations", said)


def write_coupon(said: Mapping[str, str]) -> str:
    """Return a code with what it gives and until when; without a code the words for that."""
    link = _text(said["link"]) or "{{ coupon.url }}"
    return (
        '<mj-section padding="16px 32px 24px"><mj-column css-class="box" '
        'border="2px dashed #9fb0b2" border-radius="10px" '
        'padding="20px 24px">'
        + _heading(said["title"], align="center")
        + '<mj-text align="center" padding="0 0 8px">{{ coupon.words }}</mj-text>'
        "<mj-raw>{% if coupon.has_code %}</mj-raw>"
        '<mj-text align="center" font-size="24px" font-weight="700" letter-spacing="0.06em" '
        'padding="4px 0">{{ coupon.code }}</mj-text>'
        "<mj-raw>{% if coupon.expires_at %}</mj-raw>"
        f'<mj-text {_SOFT} padding="0">'
        "Good until {{ coupon.expires_at | day }}</mj-text>"
        "<mj-raw>{% endif %}</mj-raw>"
        + _button(said["button"], link)
        + "<mj-raw>{% endif %}</mj-raw></mj-column></mj-section>"
    )


def write_items(said: Mapping[str, str]) -> str:
    """Return what the event names, one below the other; nothing where it names nothing."""
    go = (
        '{% if item.url != "" %}<a href="{{ item.url }}" style="font-size:14px">'
        f"<u>{_text(said['button'])}</u></a>{{% endif %}}"
        if said["button"]
        else ""
    )
    picture = (
        '{% if item.url != "" %}<a href="{{ item.url }}">{% endif %}'
        '<img src="{{ item.image_url }}" alt="" width="88" '
        'style="display:block;width:88px;height:auto;border:0;border-radius:8px" />'
        '{% if item.url != "" %}</a>{% endif %}'
    )
    return (
        "<mj-raw>{% if items.size > 0 %}</mj-raw><mj-section><mj-column>"
        + _heading(said["title"])
        + "<mj-raw>{% for item in items %}</mj-raw>"
        '<mj-table css-class="ink" font-size="16px" line-height="1.4" color="#1f2a2c" '
        'padding="0"><tr>{% if item.image_url != "" %}'
        f'<td style="width:88px;padding:8px 16px 8px 0;vertical-align:top">{picture}</td>'
        '{% endif %}<td style="padding:8px 0;vertical-align:middle">'
        '<span style="display:block;font-weight:600">{{ item.title }}'
        '{% if item.quantity > 1 %} <span style="white-space:nowrap;opacity:0.65">'
        "× {{ item.quantity }}</span>{% endif %}</span>"
        '{% if item.price_minor %}<span style="display:block">'
        "{{ item.price_minor | money: item.currency }}</span>{% endif %}"
        f"{go}</td></tr></mj-table><mj-raw>{{% endfor %}}</mj-raw></mj-column></mj-section>"
        "<mj-raw>{% endif %}</mj-raw>"
    )


def write_order_lines(said: Mapping[str, str]) -> str:
    """Return what was bought, without prices: a reminder of an order and no receipt."""
    return (
        "<mj-section><mj-column>"
        + _heading(said["title"])
        + '<mj-table css-class="ink" font-size="16px" line-height="1.4" color="#1f2a2c" '
        'padding="0">{% for line in order.lines %}<tr>'
        '<td style="padding:6px 0">{{ line.title }}{% if line.quantity > 1 %} '
        '<span style="white-space:nowrap;opacity:0.65">× {{ line.quantity }}</span>{% endif %}'
        "</td></tr>{% endfor %}</mj-table>"
        '<mj-text css-class="soft" font-size="14px" color="#5b6b6d">'
        "Order {{ order.number }}, placed on {{ order.ordered_at | day }}</mj-text>"
        "</mj-column></mj-section>"
    )


def write_loyalty(said: Mapping[str, str]) -> str:
    """Return the balance of points and the tier; nothing at all without a program."""
    return (
        "<mj-raw>{% if loyalty.program != '' %}</mj-raw><mj-section><mj-column>"
        '<mj-text align="center" font-size="28px" font-weight="600" padding="8px 0 0">'
        "{{ loyalty.balance }}</mj-text>"
        f'<mj-text {_SOFT} padding="0 0 8px">'
        "{{ loyalty.program }}"
        '{% if loyalty.tier != "" %} · {{ loyalty.tier }}{% endif %}</mj-text>'
        + _button(said["button"], _text(said["link"]) or "{{ store.url }}")
        + "</mj-column></mj-section><mj-raw>{% endif %}</mj-raw>"
    )


def write_reviews(said: Mapping[str, str]) -> str:
    """Return what people said; nothing at all where nobody said anything."""
    behind = f"/{said['product']}" if said["product"] else ""
    shelf = f"reviews['best/{said['count']}{behind}']"
    return (
        f"<mj-raw>{{% assign praise = {shelf} %}}{{% if praise.size > 0 %}}</mj-raw>"
        "<mj-section><mj-column>"
        + _heading(said["title"])
        + '<mj-text padding="4px 0">{% for review in praise %}'
        '<p style="margin:0 0 16px">'
        '<span role="img" aria-label="{{ review.rating }} of 5 stars">'
        "{% for star in (1..review.rating) %}★{% endfor %}</span><br />"
        "{{ review.body }}<br />"
        '<span style="font-size:14px;opacity:0.7">{{ review.author }}'
        '{% if review.product != "" %} on {{ review.product }}{% endif %}</span>'
        "</p>{% endfor %}</mj-text></mj-column></mj-section>"
        "<mj-raw>{% endif %}</mj-raw>"
    )


def write_questions(said: Mapping[str, str]) -> str:
    """Return what people asked with the answers; nothing at all where there is none."""
    behind = f"/{said['product']}" if said["product"] else ""
    shelf = f"questions['newest/{said['count']}{behind}']"
    return (
        f"<mj-raw>{{% assign asked = {shelf} %}}{{% if asked.size > 0 %}}</mj-raw>"
        "<mj-section><mj-column>"
        + _heading(said["title"])
        + '<mj-text padding="4px 0">{% for each in asked %}'
        '<p style="margin:0 0 16px">'
        "<strong>{{ each.question }}</strong><br />"
        '{% if each.author != "" or each.product != "" %}'
        '<span style="font-size:14px;opacity:0.7">{{ each.author }}'
        '{% if each.product != "" %} on {{ each.product }}{% endif %}</span><br />{% endif %}'
        "{{ each.answer }}"
        "</p>{% endfor %}</mj-text></mj-column></mj-section>"
        "<mj-raw>{% endif %}</mj-raw>"
    )


def write_footer(said: Mapping[str, str]) -> str:
    """Return reason, ways out and address below the sheet."""
    ways = (
        '<br /><a href="{{ unsubscribe_url }}">Unsubscribe</a> · '
        '<a href="{{ preferences_url }}">Preferences</a>'
    )
    return (
        f'<mj-section {_PAGE} padding="24px 32px 40px"><mj-column>'
        '<mj-text css-class="soft" align="center" font-size="13px" color="#5b6b6d" padding="0">'
        + _text(said["reason"])
        + (ways if said["unsubscribe"] == "yes" else "")
        + '{% if brand.support_email != "" %}<br />Questions? '
        '<a href="mailto:{{ brand.support_email }}">{{ brand.support_email }}</a>{% endif %}'
        '{% if sender.postal_address != "" %}<br />{{ sender.postal_address | newline_to_br }}'
        "{% endif %}</mj-text></mj-column></mj-section>"
    )


def _grid(shelf: str, said: Mapping[str, str]) -> str:
    """Return rows of products; a row for which nothing is left is not there.

    Two columns stay side by side on a phone, three stand below each other.
    """
    count, columns = int(said["count"]), int(said["columns"])
    if said.get("source") == "chosen":
        count = min(12, said["ids"].count(",") + 1)
    rows = []
    for start in range(0, count, columns):
        cells = "".join(
            _cell(place, said)
            if place < count
            else '<mj-column><mj-text padding="0"></mj-text></mj-column>'
            for place in range(start, start + columns)
        )
        inside = f"<mj-group>{cells}</mj-group>" if columns == 2 else cells  # noqa: PLR2004
        rows.append(
            f"<mj-raw>{{% if goods.size > {start} %}}</mj-raw>"
            f'<mj-section padding="8px 24px">{inside}</mj-section>'
            "<mj-raw>{% endif %}</mj-raw>"
        )
    heading = _heading(said["title"])
    above = f'<mj-section padding="16px 32px 0"><mj-column>{heading}</mj-column></mj-section>'
    return (
        f"<mj-raw>{{% assign goods = {shelf} %}}{{% if goods.size > 0 %}}</mj-raw>"
        + (above if heading else "")
        + "".join(rows)
        + "<mj-raw>{% endif %}</mj-raw>"
    )


def _cell(place: int, said: Mapping[str, str]) -> str:
    price = (
        '{% if p.price_minor %}<span style="display:block">{% if p.compare_at_minor %}'
        '<s class="was">{{ p.compare_at_minor | money: p.currency }}</s> {% endif %}'
        "{{ p.price_minor | money: p.currency }}</span>{% endif %}"
        if said["prices"] == "yes"
        else ""
    )
    go = (
        '{% if p.url != "" %}<a href="{{ p.url }}" style="display:block;padding-top:8px">'
        f"<u>{_text(said['button'])}</u></a>{{% endif %}}"
        if said["button"]
        else ""
    )
    return (
        '<mj-column><mj-text css-class="ink thing" padding="8px" font-size="15px" '
        'line-height="1.4">'
        f"{{% if goods.size > {place} %}}{{% assign p = goods[{place}] %}}"
        '{% if p.url != "" %}<a href="{{ p.url }}">{% endif %}'
        '<img class="pic" src="{{ p.image_url }}" alt="{{ p.title }}" width="264" '
        'style="display:block;width:100%;height:auto;border:0;border-radius:8px" />'
        '<span style="display:block;padding-top:8px;font-weight:600">{{ p.title }}</span>'
        '{% if p.url != "" %}</a>{% endif %}'
        f"{price}{go}{{% endif %}}</mj-text></mj-column>"
    )


def _heading(text: str, *, align: str = "left") -> str:
    if not text.strip():
        return ""
    return f'<mj-text align="{align}" padding="8px 0"><h2>{_text(text)}</h2></mj-text>'


def _button(text: str, link: str) -> str:
    """Return a button that is there once it leads somewhere."""
    if not text.strip():
        return ""
    button = f'<mj-button href="{link}">{_text(text)}</mj-button>'
    if link in ("{{ store.url }}", "{{ coupon.url }}"):
        path = link.strip("{} ")
        return f'<mj-raw>{{% if {path} != "" %}}</mj-raw>{button}<mj-raw>{{% endif %}}</mj-raw>'
    return button


def _text(text: str) -> str:
    """Return a typed text for HTML; one with Liquid is the merchant's own code and stays."""
    return text if any(mark in text for mark in _LIQUID) else html.escape(text)
