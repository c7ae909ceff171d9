"""Sample pages that show every component, rendered without a database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import RequestFactory

from config.context import ENTRIES, NavItem, NavTenant
from kernel import clock
from tenants.choices import Role
from tenants.models import Member, Tenant, User

PAGES = Path(__file__).parent / "pages"
CHART = {
    "type": "area",
    "unit": "money",
    "currency": "GBP",
    "x": [
        (datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=index)).date().isoformat()
        for index in range(30)
    ],
    "series": [
        {
            "name": "This period",
            "values": [90000 + (index * 7919) % 61000 + index * 1500 for index in range(30)],
        },
        {
            "name": "Before",
            "values": [80000 + (index * 5557) % 52000 for index in range(30)],
            "role": "past",
        },
    ],
}


class SampleNavigation:
    """A frame in which every page exists."""

    items = [
        NavItem(label, f"/t/ada-soap/{label.lower()}/", symbol, label == "Profiles")
        for label, _, symbol in ENTRIES
    ]
    tenants = [
        NavTenant("Ada Soap", "/t/ada-soap/", active=True),
        NavTenant("Basho Tea and Very Long Names of Kyoto", "/t/basho-tea/", active=False),
    ]
    health = {"level": "good", "text": "In step, 2 s behind"}
    logout_url = "/accounts/logout/"


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(help_text="Shoppers see it as the sender.")
    email = forms.EmailField(label="Reply address", required=False)
    country = forms.ChoiceField(choices=[("GB", "United Kingdom"), ("JP", "Japan")])
    channel = forms.ChoiceField(
        widget=forms.RadioSelect, choices=[("email", "Email"), ("sms", "SMS")]
    )
    note = forms.CharField(widget=forms.Textarea, required=False)
    is_live = forms.BooleanField(label="Send at once", required=False, help_text="Or wait.")


def render_sample(name: str, **extra: Any) -> str:
    """Render one page of this folder, or a template of the product, inside a sample frame."""
    request = RequestFactory().get("/t/ada-soap/profiles/", {"sort": "-revenue"})
    tenant = Tenant(
        pk=1, name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    request.user = User(pk=1, email="ada@example.com", name="Ada Byron")
    request.tenant = tenant  # type: ignore[attr-defined] # set by the tenants' middleware
    request.member = Member(role=Role.OWNER)  # type: ignore[attr-defined] # likewise
    sample = PAGES / name
    engine = engines["django"]
    template = engine.from_string(sample.read_text()) if sample.exists() else None
    context = {**sample_context(), **extra}
    if template is None:
        request.user = AnonymousUser()
        return engine.get_template(name).render(extra, request)
    return template.render(context, request)


def sample_context() -> dict[str, Any]:
    """Return the values of the sample pages."""
    now = clock.now()
    names = ["Ada Byron", "Bashō Matsuo", "Zoë Ünlü", "مريم الأسطرلابي", "Li", "Otto " * 12]
    statuses = ["subscribed", "unsubscribed", "pending", "bounced", "never_subscribed", "paused"]
    return {
        "nav": SampleNavigation(),
        "form": SampleForm({"name": "", "email": "nobody", "country": "GB", "channel": "sms"}),
        "at": now - timedelta(hours=2),
        "payload": {"id": 1001, "email": "ada@example.com", "lines": [{"sku": "SOAP-1"}]},
        "tabs": [
            {"label": "Timeline", "url": "#", "active": True, "count": None},
            {"label": "Orders", "url": "#", "active": False, "count": 12},
            {"label": "Segments", "url": "#", "active": False, "count": 4},
            {"label": "Messages", "url": "#", "active": False, "count": 1204},
            {"label": "Consent", "url": "#", "active": False, "count": None},
        ],
        "rows": [
            {
                "name": name.strip(),
                "email": f"person{index}@example.com",
                "status": statuses[index],
                "orders": 12480 >> index * 2,
                "revenue": 124050 * (index + 1),
                "daily": [(index + 3) * day * 7 % 11 for day in range(14)],
                "at": now - timedelta(hours=5**index),
            }
            for index, name in enumerate(names)
        ],
    }
