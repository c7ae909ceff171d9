"""Segments over a real history against pandas: UCI Online Retail, a year of a gift shop.

The suite takes every 48th customer. ``PATRON_UCI_ONE_IN=1`` takes everybody, in some minutes.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.db import transaction

from crm.models import Identity
from kernel.clock import simulated
from kernel.work import drain_tenant
from segments.domain.rfm import GROUP_LABELS, group_of
from segments.domain.standing import STAGES
from segments.domain.starters import STARTERS
from segments.domain.thresholds import USUAL
from segments.models import Segment, SegmentReference
from segments.queries.listing import list_member_ids
from segments.queries.starters import define_starter
from segments.services.checks import find_differences
from segments.services.rebuild import refresh_everything
from segments.services.rfm import change_cut
from stores.platforms.order_file import FileDefaults, country_code
from stores.services.imports import ImportJob, ensure_import_store, import_orders
from tenants.models import Tenant

ONE_IN = int(os.environ.get("PATRON_UCI_ONE_IN", "48"))
NOW = datetime(2011, 12, 10, 9, tzinfo=UTC)
TODAY = pd.Timestamp("2011-12-10")
COLUMNS = {
    "order_id": "InvoiceNo",
    "sku": "StockCode",
    "title": "Description",
    "quantity": "Quantity",
    "ordered_at": "InvoiceDate",
    "unit_price": "UnitPrice",
    "customer_id": "CustomerID",
    "country": "Country",
}
Frame = Any
"""Frames are not typed further; their columns are made in `read_history`."""


@dataclass
class History:
    """What pandas made of the file.

    Attributes:
        orders: one row per order that counts: ``customer``, ``at``, ``day``, ``gross``.
        lines: one row per bought line: ``customer``, ``order``, ``sku``, ``category``.
        people: one row per customer: figures of their orders; money in minor units.
    """

    orders: Frame
    lines: Frame
    people: Frame

    def who(self, holds: Frame) -> set[str]:
        """Return the customers of whom a column of truths is true."""
        return set(self.people.index[holds.reindex(self.people.index, fill_value=False)])

    def orders_since(self, days: int) -> Frame:
        """Return by customer how many orders lie at most so many calendar days back."""
        recent = self.orders[(TODAY - self.orders.day).dt.days <= days]
        return recent.groupby("customer").size().reindex(self.people.index, fill_value=0)

    def bought(self, column: str, word: str, *, since: int | None = None) -> Frame:
        """Say by customer whether a line of theirs is of this word."""
        lines = self.lines[self.lines[column].str.lower() == word.lower()]
        if since is not None:
            lines = lines[(TODAY - lines.day).dt.days <= since]
        return pd.Series(self.people.index.isin(lines.customer), self.people.index)


Ask = Callable[[History], Frame]


def read_history(path: Path) -> tuple[Frame, History]:
    """Return the rows to be imported, and what pandas makes of them."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    if ONE_IN > 1:
        rows = rows[rows.CustomerID.map(lambda text: bool(text) and int(text) % ONE_IN == 0)]
    # The file names no category: the last word of what a thing is called stands for one.
    rows["category"] = rows.Description.str.strip().str.split().str[-1].fillna("").str.title()
    known = rows[rows.CustomerID != ""]
    at = known.groupby("InvoiceNo").InvoiceDate.first()
    lines = pd.DataFrame(
        {
            "customer": known.CustomerID,
            "order": known.InvoiceNo,
            "sku": known.StockCode,
            "category": known.category,
            "at": pd.to_datetime(known.InvoiceNo.map(at)),
            "quantity": known.Quantity.astype(int),
            "total": [
                minor(price, pieces)
                for price, pieces in zip(known.UnitPrice, known.Quantity, strict=True)
            ],
        }
    )
    lines["day"] = lines["at"].dt.normalize()
    sold, returned = lines[lines.quantity > 0], lines[lines.quantity < 0]
    orders = sold.groupby("order").agg(
        customer=("customer", "first"),
        at=("at", "first"),
        day=("day", "first"),
        gross=("total", "sum"),
    )
    people = pd.DataFrame(index=sorted(set(known.CustomerID)))
    grouped = orders.groupby("customer")
    people["orders"] = grouped.size()
    people["gross"] = grouped.gross.sum()
    people["refunded"] = returned.groupby("customer").total.sum()
    people = people.fillna(0).astype("int64")
    people["net"] = people.gross - people.refunded
    people["first"], people["last"] = grouped["at"].min(), grouped["at"].max()
    people["since"] = (TODAY - people["last"].dt.normalize()).dt.days
    people["mean_order"] = people.gross / people.orders.where(people.orders > 0)
    newest = known.assign(at=known.InvoiceNo.map(at)).sort_values("at", kind="stable")
    people["country"] = newest.groupby("CustomerID").Country.last().map(country_code)
    return rows, History(orders, sold, people)


def minor(price: str, pieces: str) -> int:
    """Round a line to pence as a shop does."""
    total = Decimal(price) * abs(int(pieces)) * 100
    return int(total.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def top(values: Frame, percent: int) -> Frame:
    """Say who is among the best so many percent, with whoever ties with the last of them."""
    count = int((Decimal(percent) * len(values) / 100).to_integral_value(ROUND_CEILING))
    return values >= values.sort_values(ascending=False).iloc[count - 1]


def lowest_quarter(values: Frame) -> Frame:
    """Say who is up to the lowest value that a quarter does not exceed."""
    ordered = values.sort_values()
    count = int((Decimal(25) * len(values) / 100).to_integral_value(ROUND_CEILING))
    return values <= ordered.iloc[count - 1]


def buyers(history: History) -> Frame:
    return history.people[history.people.orders > 0]


def above_mean(history: History) -> Frame:
    """Compare with the mean over buyers, which is kept to a whole penny."""
    mean = Decimal(str(buyers(history).mean_order.mean())).quantize(Decimal(1), ROUND_HALF_UP)
    return history.people.mean_order > int(mean)


def rfm(group: str) -> Ask:
    return lambda history: scored(history) == group


def scored(history: History) -> Frame:
    """Score everybody by the share of buyers with a strictly smaller value."""
    found = buyers(history)
    days = found["last"].dt.normalize()

    def score(values: Frame) -> Frame:
        return 1 + (values.rank(method="min").astype(int) - 1) * 5 // len(values)

    scores = zip(score(days), score(found.orders), score(found.net), found.orders, strict=True)
    names = [group_of(r, f, m, order_count=n) for r, f, m, n in scores]
    return pd.Series(names, found.index)


def season(months: set[int], share: int) -> Ask:
    def ask(history: History) -> Frame:
        inside = history.orders[history.orders.day.dt.month.isin(months)]
        years = inside.groupby("customer").day.agg(lambda days: days.dt.year.nunique())
        sizes = inside.groupby("customer").size()
        among = history.people.orders.reindex(sizes.index)
        return (years >= 2) & (sizes * 100 >= share * among)

    return ask


def any_quarter(history: History) -> Frame:
    orders = history.orders.assign(
        quarter=history.orders.day.dt.quarter, year=history.orders.day.dt.year
    )
    by = orders.groupby(["customer", "quarter"]).agg(years=("year", "nunique"), n=("year", "size"))
    among = by.n.groupby("customer").transform("sum")
    return ((by.years >= 2) & (by.n * 100 >= 50 * among)).groupby("customer").any()


def in_first_quarter(history: History) -> Frame:
    lines = history.lines[
        (history.lines.category == "Bag") & history.lines.day.dt.month.isin((1, 2, 3))
    ]
    return pd.Series(history.people.index.isin(lines.customer), history.people.index)


def gap(history: History) -> Frame:
    """Return days between orders, to two places."""
    people = history.people[history.people.orders > 1]
    span = (people["last"] - people["first"]).dt.total_seconds() / 86_400
    return (span / (people.orders - 1)).round(2).reindex(history.people.index)


def stage(name: str) -> Ask:
    return lambda history: stages(history) == name


def stages(history: History) -> Frame:
    """Name the one stage of everybody by their orders; nobody in the file subscribed."""
    people = history.people
    ordered = history.orders.sort_values("at", kind="stable")
    away = (ordered.day - ordered.groupby("customer").day.shift()).dt.days
    came_back = (away.groupby(ordered.customer).last() >= 120).reindex(people.index)
    rules = (
        ("at_risk", people.since.between(60, 119)),
        ("churned", people.since >= 120),
        ("won_back", (people.since < 60) & came_back.eq(True)),
        ("first_time", (people.since < 60) & (people.orders == 1)),
        ("loyal", (people.since < 60) & (people.orders >= 4)),
        ("active", people.since < 60),
    )
    found = pd.Series("none", people.index)
    for name, holds in reversed(rules):
        found = found.mask(holds, name)
    return found


STARTERS_ASKED: dict[str, Ask] = {
    "first_time": lambda h: h.people.orders == 1,
    "repeat": lambda h: h.people.orders >= 2,
    "vip": lambda h: top(buyers(h).net, 10),
    "at_risk": lambda h: h.people.since.between(60, 119),
    "churned": lambda h: h.people.since >= 120,
    "new_subscribers": lambda h: h.people.orders < 0,
    "churning": lambda h: (h.people.orders >= 2) & (h.people.since >= 90),
    "two_in_90_days": lambda h: h.orders_since(90) >= 2,
    "ordered_in_30_days": lambda h: h.people.since <= 30,
    "above_average": above_mean,
    "top_category": lambda h: h.bought("category", "Bag", since=60),
    "lapse_risk": lambda h: (h.people.orders >= 2) & (h.people.since >= 60),
    "good_and_quiet": lambda h: (h.orders_since(90) >= 2) & above_mean(h) & (h.people.since >= 45),
    "seasonal": any_quarter,
    "holiday": season({11, 12}, 30),
    "monthly": lambda h: h.orders_since(90) >= 3,
    "occasional": lambda h: (h.people.orders >= 2) & (gap(h) >= 90) & (h.people.since <= 365),
    "long_time": lambda h: (
        ((TODAY - h.people["first"].dt.normalize()).dt.days >= 365) & (h.people.since <= 180)
    ),
    "upsell_ready": lambda h: (
        (h.people.orders >= 2) & above_mean(h) & h.people.since.between(14, 60)
    ),
    **{f"rfm_{group}": rfm(group) for group in GROUP_LABELS},
    **{f"stage_{name}": stage(name) for name in STAGES if name != "none"},
}
"""Templates of S1, S2, S3, S7, S8, S16 and P15 that orders alone decide."""
OTHERS_ASKED: dict[str, tuple[dict[str, Any], Ask]] = {
    "S5": (
        {
            "op": "and",
            "children": [
                {"bought": {"category": "Bag"}, "months": [1, 2, 3]},
                {"not_bought": {}, "within": {"days": 45}},
            ],
        },
        lambda h: in_first_quarter(h) & ~(h.people.since <= 45),
    ),
    "S6 top": (
        {"field": "order_count", "is": "top", "value": {"percent": 20}},
        lambda h: top(buyers(h).orders, 20),
    ),
    "S6 quartile": (
        {"field": "net_revenue", "is": "in_quartile", "value": 1},
        lambda h: lowest_quarter(buyers(h).net),
    ),
    "S9 never": (
        {
            "op": "and",
            "children": [
                {"bought": {"category": "Bag"}},
                {"not_bought": {"category": "Mug"}},
            ],
        },
        lambda h: h.bought("category", "Bag") & ~h.bought("category", "Mug"),
    ),
    "S10": (
        {"field": "country", "is": "in", "value": ["DE", "FR", "IE"]},
        lambda h: h.people.country.isin(("DE", "FR", "IE")),
    ),
    "S9 sku": ({"bought": {"sku": "85123a"}}, lambda h: h.bought("sku", "85123A")),
}


def bring(rows: Frame, folder: Path) -> None:
    """Import the rows as the command does."""
    file = folder / "uci.csv"
    rows.to_csv(file, index=False)
    with transaction.atomic():
        store = ensure_import_store()
    defaults = FileDefaults(currency="GBP", timezone="Europe/London")
    job = ImportJob(path=file, mapping=COLUMNS, defaults=defaults, store_id=store)
    done = import_orders(job, lambda *_: None)
    assert done.rows_read == len(rows)


@transaction.atomic
def make_segments() -> dict[str, int]:
    """Make the templates and the other definitions; returns their ids by name."""
    wanted = {
        starter.key: define_starter(starter, "Bag")
        for starter in STARTERS
        if starter.key in STARTERS_ASKED
    }
    wanted |= {name: definition for name, (definition, _) in OTHERS_ASKED.items()}
    return {
        name: Segment.objects.create(name=name, definition=definition).pk
        for name, definition in wanted.items()
    }


@pytest.mark.covers("S1", "S2", "S3", "S5", "S6", "S7", "S8", "S9", "S10", "S16", "P15")
@pytest.mark.django_db(transaction=True)
def test_members_are_those_that_pandas_finds(
    tenant: Tenant, conformance_data: Path, tmp_path: Path
) -> None:
    rows, history = read_history(conformance_data / "datasets" / "uci_online_retail.csv.gz")
    with simulated(NOW):
        bring(rows, tmp_path)
        segments = make_segments()
        drain_tenant(tenant.pk, kinds=("reactions",))
        refresh_everything(NOW)
        with transaction.atomic():
            change_cut("quantile", USUAL)
        refresh_everything(NOW)

    with transaction.atomic():
        numbers = dict(
            Identity.objects.filter(kind="customer_id").values_list("profile_id", "value_norm")
        )
        asked = {**STARTERS_ASKED, **{name: ask for name, (_, ask) in OTHERS_ASKED.items()}}
        differences = {}
        for name, segment_id in segments.items():
            members = {
                numbers[profile_id].rpartition(":")[2]
                for profile_id in list_member_ids(segment_id, limit=10_000)
            }
            expected = history.who(asked[name](history))
            if members != expected:
                differences[name] = (sorted(members - expected), sorted(expected - members))
        assert differences == {}
        with simulated(NOW):
            assert find_differences() == []
        assert SegmentReference.objects.get(key="net_revenue:top:10").population == len(
            buyers(history)
        )
