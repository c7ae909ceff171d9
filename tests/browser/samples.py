"""Sample pages that show every component, rendered without a database."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import RequestFactory

from config.context import ENTRIES, NavItem, NavTenant
from kernel import clock
from tenants.choices import Role
from tenants.models import Member, Tenant, User

PAGES = Path(__file__).parent / "pages"
SAMPLE_PATH = "/t/ada-soap/profiles/"
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
DAYS = [(date(2026, 6, 1) + timedelta(days=index)).isoformat() for index in range(30)]


def chart(kind: str, unit: str, places: list[str], *series: dict[str, Any]) -> dict[str, Any]:
    """Return what a chart address answers with."""
    return {"type": kind, "unit": unit, "currency": "GBP", "x": places, "series": list(series)}


def figures(name: str, start: int, step: int, count: int, role: str = "current") -> dict[str, Any]:
    """Return figures that rise with a little noise, the same at each run."""
    noise = [start * (index * 7 % 5) // 20 for index in range(count)]
    values = [start + step * index + noise[index] for index in range(count)]
    return {"name": name, "values": values, "role": role}


CHARTS = {
    "/chart.json": chart(
        "area",
        "money",
        DAYS,
        figures("This period", 90000, 1500, 30),
        figures("Before", 80000, 1100, 30, "past"),
    ),
    "/bar.json": chart(
        "bar",
        "number",
        MONTHS,
        figures("This year", 120, 14, 12),
        figures("Last year", 100, 10, 12, "past"),
    ),
    "/bars.json": chart(
        "bars",
        "money",
        ["Email", "SMS", "WhatsApp", "Direct", "A channel with a very long name"],
        {"name": "Revenue", "values": [1240050, 420000, 98000, 880000, 1000]},
    ),
    "/stacked.json": chart(
        "stacked", "number", MONTHS, figures("New", 20, 4, 12), figures("Returning", 50, 4, 12)
    ),
    "/line.json": chart(
        "line",
        "days",
        MONTHS,
        figures("Welcome", 40, 1, 12),
        figures("Cart", 30, 1, 12),
        {"name": "Target", "values": [35] * 12, "role": "target"},
    ),
    "/none.json": chart("bar", "number", MONTHS, {"name": "Refunds", "values": [0] * 12}),
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
    request = RequestFactory().get(SAMPLE_PATH, {"sort": "-revenue"})
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
        form = {"form": LoginForm(request=request)} if name == "account/login.html" else {}
        return engine.get_template(name).render({**form, **extra}, request)
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
