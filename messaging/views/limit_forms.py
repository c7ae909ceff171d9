"""Forms of the sending limits."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.forms import BoundField

from crm.domain.channels import CHANNEL_LABELS, CHANNEL_WORDS
from kernel.places import list_countries
from messaging.choices import Audience, MessageClass
from messaging.domain.frequency import Peak, Rule
from messaging.domain.limit_words import TROUBLE_WORDS
from messaging.domain.limits import (
    CHANNELS,
    MOST_HOURS,
    MOST_SUNSET_DAYS,
    MOST_SUNSET_MAILS,
    TROUBLES,
    Budget,
    Guard,
    Limits,
    OnHit,
    QuietSettings,
    SmartSending,
    Sunset,
    Unhappy,
)
from messaging.domain.quiet_hours import SUNDAY, QuietRule
from messaging.services.limits import MOST_PEAKS, RuleData

SATURDAY: Final = 5
ON_HIT: Final = ((OnHit.SKIP.value, "Skip it"), (OnHit.WAIT.value, "Let it wait"))
GUARDS: Final = (
    (Guard.WAIT.value, "Promotions wait"),
    (Guard.SKIP.value, "Promotions are skipped"),
    (Guard.OFF.value, "Does not matter"),
)
DAYS: Final = (
    ("", "No whole day"),
    ("6", "Sundays"),
    ("5,6", "Saturdays and Sundays"),
)
MOST_COUNTRIES: Final = 12
MOST_OWN_DAYS: Final = 60
MOST_POINTS: Final = 1000
MOST_MESSAGES: Final = 1000
MOST_WINDOW: Final = 366 * 24
"""Hours, or days."""
_TIME: Final = {"type": "time"}
_SUNSET: Final = ("days", "mails", "slow_days", "slow_gap")
"""Numbers of `Sunset`, each of which has its usual value where the field is empty."""


def _number(label: str, least: int, most: int, *, empty: str = "") -> forms.IntegerField:
    """Return a field of a whole number; it may be empty where it is said what that means."""
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, required=not empty, help_text=empty
    )


class LimitsForm(forms.Form):
    """Smart sending, quiet hours, budget and the unhappy guard, all at once."""

    quiet_is_on = forms.BooleanField(label="Keep quiet hours", required=False)
    quiet_has_email = forms.BooleanField(label="Also for email", required=False)
    quiet_spares_orders = forms.BooleanField(
        label="Let messages about orders leave at any time",
        required=False,
        help_text="Messages about somebody’s safety always do.",
    )
    own_days = forms.CharField(
        label="Other quiet days",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One day per line, such as 2026-12-24.",
    )
    budget_is_on = forms.BooleanField(label="Keep a budget of attention", required=False)
    budget_points = _number("Points in 7 days for each person", 1, MOST_POINTS)
    budget_on_loss = forms.ChoiceField(
        label="When two messages want the same slot, the lesser one",
        choices=((OnHit.WAIT.value, "waits for its turn"), (OnHit.SKIP.value, "is skipped")),
        help_text="The one with the higher priority goes first, then the one that is expected to"
        " bring more.",
    )
    unhappy_is_on = forms.BooleanField(
        label="Pause promotions for people who have other worries", required=False
    )

    spares_best = forms.BooleanField(
        label="Keep mass discounts from your best customers", required=False
    )
    sunset_is_on = forms.BooleanField(
        label="End promotional mails to people who lost interest", required=False
    )
    sunset_slow_days = _number(
        "Days without interest until they come rarely",
        1,
        MOST_SUNSET_DAYS,
        empty="Empty: 120 days. As many as below, or more: never.",
    )
    sunset_slow_gap = _number(
        "Days between two mails then", 1, MOST_SUNSET_DAYS, empty="Empty: 30 days."
    )
    sunset_days = _number(
        "Days without any interest", 30, MOST_SUNSET_DAYS, empty="Empty: 180 days."
    )
    sunset_mails = _number(
        "Promotional mails after that",
        0,
        MOST_SUNSET_MAILS,
        empty="The last chance; empty: 3 mails.",
    )

    def __init__(self, data: Any = None, *, limits: Limits) -> None:
        super().__init__(data, initial=_initial(limits))
        self._rows = min(len(limits.quiet.rules) + 1, MOST_COUNTRIES)
        for channel in CHANNELS:
            self._add_channel(channel)
        for kind in TROUBLES:
            label = TROUBLE_WORDS[kind]
            self.fields[f"unhappy_{kind}"] = forms.ChoiceField(
                label=label[0].upper() + label[1:], choices=GUARDS
            )
        self._add_rule("default", is_needed=True)
        for row in range(self._rows):
            self.fields[f"country_{row}"] = forms.ChoiceField(
                label="Country", required=False, choices=[("", "Choose…"), *list_countries()]
            )
            self._add_rule(str(row), is_needed=False)

    def _add_channel(self, channel: str) -> None:
        word = CHANNEL_WORDS[channel]
        self.fields[f"smart_{channel}_hours"] = _number(
            f"Hours between two by {word}", 0, MOST_HOURS
        )
        self.fields[f"smart_{channel}_on_hit"] = forms.ChoiceField(
            label=f"What comes sooner by {word}", choices=ON_HIT
        )
        self.fields[f"smart_{channel}_wait"] = _number(
            f"Hours that it waits at most by {word}", 0, MOST_HOURS
        )
        self.fields[f"cost_{channel}"] = _number(f"Points of one by {word}", 0, MOST_POINTS)

    def _add_rule(self, row: str, *, is_needed: bool) -> None:
        for name, label in (("start", "From"), ("end", "To")):
            self.fields[f"{name}_{row}"] = forms.TimeField(
                label=label, required=is_needed, widget=forms.TimeInput(attrs=_TIME, format="%H:%M")
            )
        self.fields[f"days_{row}"] = forms.ChoiceField(
            label="Quiet throughout", required=False, choices=DAYS
        )
        self.fields[f"holidays_{row}"] = forms.BooleanField(
            label="Public holidays too", required=False
        )

    def clean_own_days(self) -> frozenset[date]:
        lines = str(self.cleaned_data["own_days"]).replace(",", "\n").split()
        if len(lines) > MOST_OWN_DAYS:
            raise forms.ValidationError(f"There may be {MOST_OWN_DAYS} days at most.")
        days = set()
        for line in lines:
            try:
                days.add(date.fromisoformat(line))
            except ValueError as exc:
                words = f"{line} is no day. Write it as 2026-12-24."
                raise forms.ValidationError(words) from exc
        return frozenset(days)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        seen = set()
        for row in range(self._rows):
            code = found.get(f"country_{row}")
            if not code:
                continue
            if code in seen:
                self.add_error(f"country_{row}", "This country is named twice.")
            seen.add(code)
            for name in ("start", "end"):
                if found.get(f"{name}_{row}") is None and f"{name}_{row}" not in self.errors:
                    self.add_error(f"{name}_{row}", "Say a time.")
        return found

    def limits(self) -> Limits:
        """Return what was chosen; after `is_valid`."""
        found = self.cleaned_data
        return Limits(
            smart={
                channel: SmartSending(
                    hours=found[f"smart_{channel}_hours"],
                    on_hit=OnHit(found[f"smart_{channel}_on_hit"]),
                    max_wait_hours=found[f"smart_{channel}_wait"],
                )
                for channel in CHANNELS
            },
            quiet=QuietSettings(
                is_on=found["quiet_is_on"],
                has_email=found["quiet_has_email"],
                spares_orders=found["quiet_spares_orders"],
                rule=self._rule("default"),
                rules={
                    found[f"country_{row}"]: self._rule(str(row))
                    for row in range(self._rows)
                    if found[f"country_{row}"]
                },
                own_days=found["own_days"],
            ),
            budget=Budget(
                is_on=found["budget_is_on"],
                points=found["budget_points"],
                costs={channel: found[f"cost_{channel}"] for channel in CHANNELS},
                on_loss=OnHit(found["budget_on_loss"]),
            ),
            unhappy=Unhappy(
                is_on=found["unhappy_is_on"],
                guards={kind: Guard(found[f"unhappy_{kind}"]) for kind in TROUBLES},
            ),
            sunset=_read_sunset(found),
            spares_best=found["spares_best"],
        )

    def _rule(self, row: str) -> QuietRule:
        found = self.cleaned_data
        days = [int(day) for day in found[f"days_{row}"].split(",") if day]
        return QuietRule(
            start=found[f"start_{row}"],
            end=found[f"end_{row}"],
            weekdays=frozenset(days),
            has_holidays=found[f"holidays_{row}"],
        )

    @property
    def channel_rows(self) -> list[dict[str, Any]]:
        """The fields of each channel."""
        return [
            {
                "label": CHANNEL_LABELS[channel],
                "hours": self[f"smart_{channel}_hours"],
                "on_hit": self[f"smart_{channel}_on_hit"],
                "wait": self[f"smart_{channel}_wait"],
                "cost": self[f"cost_{channel}"],
            }
            for channel in CHANNELS
        ]

    @property
    def trouble_fields(self) -> list[BoundField]:
        """The fields of the unhappy guard."""
        return [self[f"unhappy_{kind}"] for kind in TROUBLES]

    @property
    def quiet_rows(self) -> Iterator[dict[str, Any]]:
        """The fields of the rule for everybody, then of each country, with a row to add one."""
        for row in ("default", *map(str, range(self._rows))):
            fields = {name: self[f"{name}_{row}"] for name in ("start", "end", "days", "holidays")}
            yield {**fields, "country": None if row == "default" else self[f"country_{row}"]}


def _read_sunset(found: Mapping[str, Any]) -> Sunset:
    told = {name: found[f"sunset_{name}"] for name in _SUNSET}
    given = {name: value for name, value in told.items() if value is not None}
    return Sunset(is_on=found["sunset_is_on"], **given)


def _initial(limits: Limits) -> dict[str, Any]:
    quiet, budget = limits.quiet, limits.budget
    found: dict[str, Any] = {
        "quiet_is_on": quiet.is_on,
        "quiet_has_email": quiet.has_email,
        "quiet_spares_orders": quiet.spares_orders,
        "own_days": "\n".join(day.isoformat() for day in sorted(quiet.own_days)),
        "budget_is_on": budget.is_on,
        "budget_points": budget.points,
        "budget_on_loss": budget.on_loss.value,
        "unhappy_is_on": limits.unhappy.is_on,
        "spares_best": limits.spares_best,
        "sunset_is_on": limits.sunset.is_on,
        **{f"sunset_{name}": getattr(limits.sunset, name) for name in _SUNSET},
        **_initial_rule("default", quiet.rule),
    }
    for row, (code, rule) in enumerate(sorted(quiet.rules.items())):
        found |= {f"country_{row}": code, **_initial_rule(str(row), rule)}
    for channel, smart in limits.smart.items():
        found |= {
            f"smart_{channel}_hours": smart.hours,
            f"smart_{channel}_on_hit": smart.on_hit.value,
            f"smart_{channel}_wait": smart.max_wait_hours,
            f"cost_{channel}": budget.costs[channel],
        }
    guards: Mapping[str, Guard] = limits.unhappy.guards
    return found | {f"unhappy_{kind}": guard.value for kind, guard in guards.items()}


def _initial_rule(row: str, rule: QuietRule) -> dict[str, Any]:
    whole = [day for day in sorted(rule.weekdays) if day in (SATURDAY, SUNDAY)]
    return {
        f"start_{row}": rule.start,
        f"end_{row}": rule.end,
        f"days_{row}": ",".join(map(str, whole)),
        f"holidays_{row}": rule.has_holidays,
    }


class FrequencyForm(forms.Form):
    """How often at most."""

    max_n = _number("At most so many messages", 0, MOST_MESSAGES, empty="Empty or 0: no limit.")
    message_class = forms.ChoiceField(
        label="Kind of message",
        choices=(
            (MessageClass.PROMOTIONAL.value, "Promotional"),
            (MessageClass.BEHAVIOURAL.value, "Behavioural (cart, browsing, refill)"),
        ),
        help_text="Messages about orders are never counted and never stopped.",
    )
    channel = forms.ChoiceField(
        label="Channel",
        required=False,
        choices=(
            ("", "Any channel, counted together"),
            *CHANNEL_LABELS.items(),
        ),
    )
    window = _number("In so many", 1, MOST_WINDOW)
    unit = forms.ChoiceField(label="Unit", choices=(("days", "days"), ("hours", "hours")))
    audience = forms.ChoiceField(label="For", choices=Audience.choices)

    def __init__(self, data: Any = None, *, rule: Rule | None = None) -> None:
        super().__init__(data, initial=_initial_frequency(rule))
        self._peaks = min(len(rule.peaks) + 1, MOST_PEAKS) if rule else 1
        for row in range(self._peaks):
            for name, label in (("first", "First day"), ("last", "Last day")):
                self.fields[f"{name}_{row}"] = forms.DateField(
                    label=label,
                    required=False,
                    widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
                )
            self.fields[f"most_{row}"] = forms.IntegerField(
                label="At most", required=False, min_value=0, max_value=MOST_MESSAGES
            )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for row in range(self._peaks):
            first, last = found.get(f"first_{row}"), found.get(f"last_{row}")
            if (first is None) != (last is None):
                self.add_error(f"last_{row}", "Say the first and the last day.")
            elif first is not None and last is not None and last < first:
                self.add_error(f"last_{row}", "A peak season ends on its first day or later.")
        return found

    def rule(self) -> RuleData:
        """Return what was told; after `is_valid`."""
        found = self.cleaned_data
        return RuleData(
            message_class=found["message_class"],
            channel=found["channel"],
            max_n=found["max_n"] or 0,
            window=timedelta(**{found["unit"]: found["window"]}),
            audience=found["audience"],
            peaks=[
                Peak(found[f"first_{row}"], found[f"last_{row}"], found[f"most_{row}"] or 0)
                for row in range(self._peaks)
                if found[f"first_{row}"]
            ],
        )

    @property
    def peak_rows(self) -> list[list[BoundField]]:
        """The fields of each peak season, with a row to add one."""
        return [
            [self[f"{name}_{row}"] for name in ("first", "last", "most")]
            for row in range(self._peaks)
        ]


def _initial_frequency(rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"max_n": 4, "window": 30, "unit": "days", "audience": Audience.ALL.value}
    days, rest = divmod(rule.window, timedelta(days=1))
    hours = rule.window // timedelta(hours=1)
    found: dict[str, Any] = {
        "max_n": rule.max_n,
        "message_class": rule.message_class,
        "channel": rule.channel,
        "window": hours if rest else days,
        "unit": "hours" if rest else "days",
        "audience": rule.audience,
    }
    for row, peak in enumerate(rule.peaks):
        found |= {f"first_{row}": peak.first, f"last_{row}": peak.last, f"most_{row}": peak.max_n}
    return found
