"""What a merchant pastes into a site to show a sign-up form. Pure."""

from dataclasses import dataclass
from typing import Final

from messaging.choices import FormKind

_PLACE: Final = """<div data-patron-form="%KEY%"></div>
<script async src="%HOST%/forms.js"></script>"""
_TAG: Final = """<script async
  src="%HOST%/forms.js"
  data-form="%KEY%"></script>"""
_WAITING: Final = """<script async
  src="%HOST%/forms.js"
  data-form="%KEY%"
  data-consent="required"></script>"""
_BUTTON: Final = """<button type="button"
  data-patron-open="%KEY%">
  Get 10% off
</button>"""


_WAIT: Final = """<a href="%URL%?variant=%VARIANT%">Tell me when it is back</a>"""
_WAIT_SHOPIFY: Final = """{% assign shown = product.selected_or_first_available_variant %}
{% unless shown.available %}
  <a href="%URL%?variant={{ shown.id }}">Tell me when it is back</a>
{% endunless %}"""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One text to copy.

    Attributes:
        name: unique on the page.
        title: what it is, and where it goes.
    """

    name: str
    title: str
    text: str


def build_snippets(host: str, key: str, kind: str, page_url: str) -> list[Snippet]:
    """Return what to paste, or to send to people, for one form.

    Args:
        host: public address of this installation, without a slash at its end.
        key: of the form, as it stands in addresses.
        kind: a word of `FormKind`.
        page_url: of its own page.
    """

    def fill(name: str, title: str, text: str) -> Snippet:
        return Snippet(name, title, text.replace("%HOST%", host).replace("%KEY%", key))

    page = Snippet("page", "Address of its page, to share or to print as a code", page_url)
    if kind == FormKind.PAGE:
        return [page]
    if kind == FormKind.EMBEDDED:
        return [fill("place", "Where the form is to stand in your page", _PLACE), page]
    return [
        fill("tag", "Into the head of every page of your site", _TAG),
        fill("waiting", "The same, silent until visitors agree to cookies", _WAITING),
        fill("button", "A button that opens it at once", _BUTTON),
    ]


def build_waiting_snippets(url: str, platform: str) -> list[Snippet]:
    """Return what to put on product pages, which leads to the waiting list of a shop.

    Args:
        url: of the waiting list.
        platform: a word of `crm.choices.Platform`.
    """
    text = _WAIT.replace("%URL%", url).replace("%VARIANT%", "VARIANT-ID")
    title = "Where a sold-out variant is shown; its id at your shop takes the place of VARIANT-ID"
    if platform != "shopify":
        return [Snippet("any", title, text)]
    shopify = _WAIT_SHOPIFY.replace("%URL%", url)
    return [Snippet("liquid", "Into the product section of your theme, below the button", shopify)]
