"""How far a new shop has come: the steps, which tick themselves, and the plan of 90 days.

Nothing here is ticked by a click. A step whose part of the product has no page yet is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db.models import Count, Min, Q
from django.urls import NoReverseMatch, reverse

from analytics.models import DailyMetric, Dismissal
from analytics.queries.kpis import find_kpi, last_days, list_kpis, today
from analytics.types import START, Kpi
from crm.choices import ConsentState
from crm.models import Profile
from crm.queries.person import has_orders
from flows.choices import CampaignState, FlowStatus
from flows.models import Campaign, Flow
from flows.queries.library import is_installed
from kernel.formats import find_zone, format_rate
from kernel.keyset import has_any
from kernel.scope import current_tenant_id
from messaging.queries.messages import list_recent_messages
from messaging.queries.sending import find_default_sender
from segments.models import Segment
from stores.queries import list_stores
from tenants.domain import capabilities
from tenants.queries import get_tenant

FLOWS = 4
WEEKS = 12
_WEEK = 7
_HISTORY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        why: what it is good for.
        action: words of the one button; route: the address it leads to.
        capability: what a member must be allowed to do it.
        done, total: progress; ``done == total`` ticks it.
    """

    key: str
    title: str
    why: str
    action: str
    route: str
    capability: str
    done: int
    total: int = 1

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left."""
        return self.done >= self.total


@dataclass(frozen=True, slots=True)
class Start:
    """The steps in order, and whether the member hid them on Home."""

    steps: Sequence[Step]
    is_hidden: bool
    has_store: bool
    has_orders: bool

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == len(self.steps)

    @property
    def left(self) -> list[Step]:
        """The steps that are not done."""
        return [step for step in self.steps if not step.is_done]

    @property
    def next(self) -> Step | None:
        """The first of them."""
        return self.left[0] if self.left else None


@dataclass(frozen=True, slots=True)
class Task:
    """One thing of the plan, and whether it is so."""

    title: str
    detail: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """Four weeks of the plan."""

    title: str
    weeks: str
    first: date
    last: date
    tasks: Sequence[Task]
    is_current: bool

    @property
    def done(self) -> int:
        """How many tasks are done."""
        return sum(task.is_done for task in self.tasks)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of 90 days.

    Attributes:
        week: 1 to 12, the week it is; 13 once the plan is over.
        figures: repeat rate, email share and churn with their targets.
    """

    week: int
    stages: Sequence[Stage]
    figures: Sequence[Kpi]


def find_start(member_id: int) -> Start:
    """Return how far the tenant has come, from its real state."""
    stores = bool(list_stores())
    orders = has_orders()
    steps = [*_data_steps(has_store=stores, has_orders=orders), *_sending_steps()]
    steps = [step for step in steps if _has_page(step.route)]
    hidden = Dismissal.objects.filter(member_id=member_id, key=START).exists()
    return Start(steps, hidden, stores, orders)


def find_plan() -> Plan:
    """Return the plan of 90 days from the tenant's first day on, with real progress."""
    tenant = get_tenant(current_tenant_id())
    began = tenant.created_at.astimezone(find_zone(tenant.timezone)).date()
    week = min((today() - began).days // _WEEK + 1, WEEKS + 1)
    kpis = list_kpis(last_days(30))
    figures = [
        find_kpi(kpis, key) for key in ("repeat_purchase_rate", "email_revenue_share", "churn_rate")
    ]
    contents = [
        ("Connect and understand", _foundations()),
        ("Automate", _automations()),
        ("Grow", [_goal(kpi) for kpi in figures]),
    ]
    stages = []
    for place, (title, tasks) in enumerate(contents):
        first = 4 * place + 1
        starts = began + timedelta(days=(first - 1) * _WEEK)
        stages.append(
            Stage(
                title=title,
                weeks=f"Weeks {first}–{first + 3}",
                first=starts,
                last=starts + timedelta(days=4 * _WEEK - 1),
                tasks=tasks,
                is_current=first <= week < first + 4,
            )
        )
    return Plan(week, stages, figures)


def _data_steps(*, has_store: bool, has_orders: bool) -> list[Step]:
    return [
        Step(
            "connect",
            "Connect a store",
            "Orders, customers and products then arrive within seconds of every sale.",
            "Connect",
            "stores:connect",
            capabilities.MANAGE_STORES,
            int(has_store),
        ),
        Step(
            "import",
            "Bring in your orders",
            "With the past, segments and figures look back from the first day. New orders come by"
            " themselves.",
            "Open stores",
            "stores:list",
            capabilities.VIEW,
            int(has_orders),
        ),
        Step(
            "consent",
            "Have people who want your mail",
            "Promotions go only to subscribers. Consent comes with customers and orders from the"
            " store, and from imports.",
            "See profiles",
            "crm:profiles",
            capabilities.VIEW,
            int(_has_subscribers()),
        ),
    ]


def _sending_steps() -> list[Step]:
    sender = find_default_sender()
    flows = _count_flows()
    core = Segment.objects.exclude(key="")
    return [
        Step(
            "sender",
            "Say who your mail is from",
            "Readers see a name they know, and a promotion must carry a postal address.",
            "Set the sender",
            "messaging:senders",
            capabilities.MANAGE_SETTINGS,
            int(bool(sender and sender.email and sender.postal_address)),
        ),
        Step(
            "segments",
            "Look at your core segments",
            "New, loyal, at risk, lapsed: they fill themselves from your orders and keep"
            " themselves up to date.",
            "See segments",
            "segments:list",
            capabilities.VIEW,
            int(has_orders() and core.filter(refreshed_at__isnull=False).exists()),
        ),
        Step(
            "library",
            "Take flows from the library",
            "Welcome, carts, reviews and more are written and timed for you. Each comes as a draft,"
            " and says what it needs.",
            "Open the library",
            "flows:library",
            capabilities.VIEW,
            int(flows.of_library > 0),
        ),
        Step(
            "flows",
            "Switch on your flows" if flows.total > 1 else "Switch on a flow",
            "They mail the right person at the right time, on their own. Read each one before it"
            " goes live.",
            "Look at flows",
            "flows:list",
            capabilities.VIEW,
            flows.live,
            max(flows.total, 1),
        ),
        Step(
            "campaign",
            "Send your first campaign",
            "News to a segment, at the hour of each reader, with everybody left out who said no.",
            "Open campaigns",
            "flows:campaigns",
            capabilities.VIEW,
            int(has_any(Campaign.objects.exclude(state=CampaignState.DRAFT), "pk")),
        ),
    ]


def _has_page(route: str) -> bool:
    try:
        reverse(route, args=["any"])
    except NoReverseMatch:
        return False
    return True


class _Flows(NamedTuple):
    """Flows to start with: how many are live, and how many there are; those of the library."""

    live: int
    total: int
    of_library: int


def _count_flows() -> _Flows:
    counted = Flow.objects.aggregate(
        live=Count("pk", filter=Q(status=FlowStatus.LIVE)),
        total=Count("pk"),
        of_library=Count("pk", filter=is_installed()),
    )
    total = min(FLOWS, counted["total"])
    return _Flows(min(counted["live"], total), total, counted["of_library"])


def _has_subscribers() -> bool:
    live = Profile.objects.filter(merged_into=None, erased_at=None)
    subscribed = live.filter(email_consent=ConsentState.SUBSCRIBED)
    return has_any(subscribed, "-created_at", "-pk")


def _foundations() -> list[Task]:
    first = DailyMetric.objects.filter(orders__gt=0).aggregate(first=Min("day"))["first"]
    return [
        Task("A store is connected", "Orders arrive by themselves.", bool(list_stores())),
        Task(
            "Orders of the last 90 days are here",
            "Repeat rate and churn mean something only with a past.",
            bool(first and first <= today() - _HISTORY),
        ),
        Task("Somebody has subscribed", "Promotions have readers.", _has_subscribers()),
        Task(
            "Core segments are filled",
            "You see who is new, loyal, at risk and gone.",
            Segment.objects.exclude(key="").filter(member_count__gt=0).exists(),
        ),
    ]


def _automations() -> list[Task]:
    flows = _count_flows()
    sender = find_default_sender()
    return [
        Task(
            "The sender has a postal address",
            "No promotion leaves without one.",
            bool(sender and sender.postal_address),
        ),
        Task("A flow is live", "The first mails go out on their own.", flows.live > 0),
        Task(
            "All flows to start with are live",
            f"{flows.live} of {flows.total} so far.",
            flows.total > 0 and flows.live == flows.total,
        ),
        Task(
            "Mail has been sent",
            "Opens and clicks begin to tell what works.",
            any(row["sent_at"] for row in list_recent_messages(limit=200)),
        ),
    ]


def _goal(kpi: Kpi) -> Task:
    met = kpi.value is not None and kpi.target is not None and kpi.target.is_reached(kpi.value)
    words = {
        "repeat_purchase_rate": "At least a quarter of your buyers buy again",
        "email_revenue_share": "Email brings 20–30% of net revenue",
        "churn_rate": "Less than one in twenty active buyers lapses a month",
    }
    now = (
        f"{format_rate(kpi.value)} in the last 30 days."
        if kpi.value is not None
        else "No figure yet."
    )
    return Task(words[kpi.key], now, met)
