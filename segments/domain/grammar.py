"""The language of segments described: every condition, parameter, operator and unit.

For whoever writes definitions by hand or by program; tests hold it against the parser, so that a
key that is understood and not described, or the reverse, fails.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from segments.domain.comparisons import MEASURES, PROPERTY_TYPES, operators_of_kind
from segments.domain.dates import PERIODS
from segments.domain.definitions import CONSENT_STATES, MAX_DEPTH, MAX_LEAVES
from segments.domain.happenings import GOODS, MAX_TESTS, SIGNS, TEST_OPERATORS
from segments.domain.rfm import GROUP_LABELS
from segments.domain.sequences import MAX_STEPS
from segments.domain.standing import CHANNELS, NO_GROUP, STAGES


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of a condition.

    Attributes:
        takes: what stands there, in words.
        choices: allowed words; empty where anything of that kind may stand.
    """

    name: str
    takes: str
    is_required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeafKind:
    """One kind of condition, by the word that it begins with."""

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    examples: tuple[dict[str, Any], ...] = field(default_factory=tuple)


_COUNT = '{"is": sign, "value": number}; left out: at least once'
_WHERE = (
    f"up to {MAX_TESTS} tests of properties, all met by one event; a dot leads inside, lists are"
    " searched"
)
_WINDOW: Final = (
    Parameter(
        "within", 'not longer ago: {"days": 30}, {"weeks": 4}, or {"hours": 24} to the second'
    ),
    Parameter("before", 'at least so long ago: {"days": 30}, {"weeks": 4} or {"hours": 4}'),
    Parameter("since", "from this day on, such as 2026-05-31"),
    Parameter("until", "up to this day and with it"),
    Parameter(
        "anniversary",
        f'{", ".join(PERIODS)}, {{"next": {{"days": 7}}}} or {{"last": {{"days": 7}}}}: when its'
        " day comes round, the first time a year later",
    ),
    Parameter("months", "months of any year: [11, 12]"),
)

LEAF_KINDS: Final[tuple[LeafKind, ...]] = (
    LeafKind(
        "field",
        "A figure or detail of the profile, or “properties.” with the name of one of its own.",
        (
            Parameter("field", "a name from the list of fields", is_required=True),
            Parameter(
                "type",
                "for properties only: what it is read as; left out, as the value looks",
                choices=tuple(PROPERTY_TYPES),
            ),
            Parameter("is", "an operator that the field offers", is_required=True),
            Parameter("value", "what the operator takes"),
        ),
        (
            {"field": "average_order_value", "is": ">", "value": {"store": "mean"}},
            {"field": "net_revenue", "is": "in_quartile", "value": 4},
            {"field": "days_between_orders", "is": "<", "value": {"store": {"percentile": 25}}},
            {"field": "last_engaged_at", "is": "not_in_the_last", "value": {"days": 90}},
            {"field": "last_order_at", "is": "between_ago", "value": [{"days": 60}, {"days": 119}]},
            {"field": "first_order_at", "is": "anniversary", "value": {"next": {"days": 7}}},
            {
                "field": "properties.birthday",
                "type": "date",
                "is": "anniversary",
                "value": "this_month",
            },
            {"field": "email", "is": "matches", "value": "[.](edu|ac[.]uk)$"},
        ),
    ),
    LeafKind(
        "consent",
        "The permission that somebody gave on a channel.",
        (
            Parameter("consent", "a channel", is_required=True, choices=CHANNELS),
            Parameter("is", "a state", is_required=True, choices=CONSENT_STATES),
        ),
        ({"consent": "email", "is": "subscribed"},),
    ),
    LeafKind(
        "reachable",
        "Whether promotional messages may go: subscribed, with an address that nothing stops.",
        (
            Parameter("reachable", "a channel", is_required=True, choices=CHANNELS),
            Parameter("is", "true, also when left out, or false"),
        ),
        ({"reachable": "sms"},),
    ),
    LeafKind(
        "segment",
        "Whether somebody is in another segment. One that is deleted has nobody in it.",
        (
            Parameter("segment", "its id", is_required=True),
            Parameter("is", "which of both", is_required=True, choices=("member", "not_member")),
            Parameter("within", 'a member who joined not longer ago: {"days": 30}, {"hours": 24}'),
            Parameter("before", 'a member for at least so long: {"days": 30}, {"hours": 24}'),
            Parameter("since", "a member who joined from this day on"),
            Parameter("until", "a member who joined up to this day and with it"),
        ),
    ),
    LeafKind(
        "event",
        "How often something happened, or what a property of it adds up to.",
        (
            Parameter("event", "its name", is_required=True),
            Parameter("count", _COUNT),
            Parameter("sum", '{"property": "value", "is": ">", "value": 100} instead of a count'),
            Parameter("where", _WHERE),
            *_WINDOW,
        ),
        (
            {
                "event": "Product Viewed",
                "count": {"is": ">=", "value": 3},
                "where": [{"property": "category", "is": "=", "value": "Skincare"}],
                "within": {"days": 7},
            },
            {"event": "Message Opened", "count": {"is": "=", "value": 0}, "within": {"days": 90}},
            {
                "event": "Message Opened",
                "count": {"is": ">=", "value": 3},
                "where": [
                    {"property": "tags", "is": "=", "value": "educational"},
                    {"property": "channel", "is": "=", "value": "email"},
                ],
            },
        ),
    ),
    LeafKind(
        "first_event",
        "Whether the very first event of a name was like this, or at such a time.",
        (
            Parameter("first_event", "its name", is_required=True),
            Parameter("where", _WHERE),
            *_WINDOW,
        ),
        (
            {"first_event": "Order Placed", "within": {"days": 30}},
            {"first_event": "Order Placed", "anniversary": "this_week"},
        ),
    ),
    LeafKind(
        "last_event",
        "Whether the most recent event of a name was like this, or at such a time.",
        (
            Parameter("last_event", "its name", is_required=True),
            Parameter("where", _WHERE),
            *_WINDOW,
        ),
        (
            {
                "last_event": "Products Searched",
                "where": [{"property": "query", "is": "contains", "value": "soap"}],
            },
        ),
    ),
    LeafKind(
        "funnel",
        f"Up to {MAX_STEPS} events one after another; the last may be one that did not come.",
        (
            Parameter(
                "funnel",
                'steps {"event": "Checkout Started", "where": […]}, the last perhaps {"not": …}',
                is_required=True,
            ),
            Parameter(
                "complete_in",
                'how long after the first step: {"hours": 24}, {"days": 3}, days of 24 hours',
                is_required=True,
            ),
            *_WINDOW,
        ),
        (
            {
                "funnel": [{"event": "Checkout Started"}, {"not": "Order Placed"}],
                "complete_in": {"days": 3},
                "within": {"days": 30},
            },
        ),
    ),
    LeafKind(
        "bought",
        "In how many orders that count something was bought; {} is anything.",
        (
            Parameter(
                "bought",
                "what, each a word or a list, met by one line",
                is_required=True,
                choices=GOODS,
            ),
            Parameter("count", _COUNT),
            *_WINDOW,
        ),
        (
            {"bought": {"category": "Skincare"}, "months": [1, 2, 3]},
            {"bought": {}, "count": {"is": ">=", "value": 2}, "within": {"days": 90}},
        ),
    ),
    LeafKind(
        "not_bought",
        "That nothing of this was bought.",
        (
            Parameter("not_bought", "as for “bought”", is_required=True, choices=GOODS),
            *_WINDOW,
        ),
        ({"not_bought": {"brand": ["Acme", "Umbra"]}},),
    ),
    LeafKind(
        "season",
        "Bought in the same season of several years.",
        (
            Parameter(
                "season",
                '{"months": [11, 12]}, {"quarter": 4}, or {"each": "month"} or "quarter" for any',
                is_required=True,
            ),
            Parameter("years", "in at least so many; 2 when left out"),
            Parameter("share", 'at least so much of all orders: {"percent": 30}'),
        ),
        ({"season": {"quarter": 4}, "years": 2, "share": {"percent": 30}},),
    ),
    LeafKind(
        "rfm_moved",
        "Whether the RFM group is another than it was when a day began.",
        (
            Parameter(
                "rfm_moved",
                '{"from": [groups], "to": [groups]}; what is left out is any',
                is_required=True,
                choices=(*GROUP_LABELS, NO_GROUP),
            ),
            Parameter("within", 'that day is so long ago: {"days": 30}'),
            Parameter("since", "that day"),
        ),
        (
            {
                "rfm_moved": {"from": ["champions", "loyal"], "to": ["at_risk", "lost"]},
                "within": {"days": 30},
            },
        ),
    ),
    LeafKind(
        "near",
        "Whether somebody lives near a place: by the properties latitude and longitude, else by the"
        " postcode of their address, as far as it is known where that lies.",
        (
            Parameter(
                "near",
                '{"postcode": "SW1A 1AA", "country": "GB"} or {"latitude": 51.5, "longitude":'
                " -0.12}",
                is_required=True,
            ),
            Parameter("within", '{"km": 25} or {"miles": 15}', is_required=True),
        ),
        (
            {"near": {"postcode": "SW1A 1AA", "country": "GB"}, "within": {"miles": 15}},
            {"near": {"latitude": 51.5, "longitude": -0.12}, "within": {"km": 25}},
        ),
    ),
    LeafKind(
        "stage",
        "The one lifecycle stage that somebody is at: by orders and days since the last one, won"
        " back where 120 days or more lay before it, subscriber where there is none.",
        (Parameter("stage", "one or more stages", is_required=True, choices=tuple(STAGES)),),
        ({"stage": "won_back"}, {"stage": ["at_risk", "churned"]}),
    ),
    LeafKind(
        "random_bucket",
        "A share of all people, drawn once and for ever.",
        (
            Parameter(
                "random_bucket",
                '{"percent": 10}, and "seed" with any word to draw others',
                is_required=True,
            ),
        ),
        ({"random_bucket": {"percent": 10}},),
    ),
)

OPERATORS: Final[dict[str, str]] = {
    "=": "one value",
    "!=": "one value; also true without any",
    ">": "a number, or a figure of the store",
    ">=": "a number, or a figure of the store",
    "<": "a number, or a figure of the store",
    "<=": "a number, or a figure of the store",
    "between": "two values, the lower one first, both inside",
    "in": "a list of words",
    "not_in": "a list of words; also true without any",
    "contains": "a word, in any case of letters; of a list exactly this one",
    "not_contains": "a word; also true without any",
    "contains_any": "a list of words",
    "not_contains_any": "a list of words, none of which is there; also true without any",
    "contains_all": "a list of words",
    "contains_text": "a part of one of the words, in any case of letters",
    "length_is": "how many words there are; 0 where there is no list",
    "length_at_least": "likewise",
    "length_at_most": "likewise",
    "starts_with": "a word",
    "not_starts_with": "a word; also true without any",
    "ends_with": "a word",
    "not_ends_with": "a word; also true without any",
    "matches": "a regular expression of up to 200 characters, without looking around",
    "not_matches": "a regular expression; also true without any",
    "before": "a day such as 2026-05-31, itself outside",
    "after": "a day, itself outside",
    "on": "a day",
    "in_the_last": (
        '{"days": 30}, {"weeks": 4}: today and so many days before; {"hours": 24} to the second'
    ),
    "not_in_the_last": "as in_the_last; also true without a date",
    "in_the_next": '{"days": 7}: today and so many days after it; {"hours": 24} to the second',
    "at_least_ago": '{"days": 60}, or {"hours": 4} to the second',
    "between_ago": (
        'two spans, the shorter first: [{"days": 60}, {"days": 119}], or both in hours'
    ),
    "in_month": "months of any year: [6, 7]",
    "anniversary": (
        f'{", ".join(PERIODS)}, {{"next": {{"days": 7}}}} or {{"last": {{"days": 7}}}}; from the'
        " year after on; 29 February falls on the 28th in other years"
    ),
    "exists": "nothing",
    "missing": "nothing",
    "top": '{"percent": 10}: the best of all buyers, ties included',
    "in_quartile": "1 for the lowest quarter of buyers to 4 for the highest, or a list of them",
}
"""What each operator of a field takes."""


def describe_grammar() -> dict[str, object]:
    """Return the language as plain values, beside the fields of `segments.fields`.

    Returns:
        ``conditions``, ``groups``, ``operators``, ``tests`` (operators of properties of events),
        ``property_types``, ``store_figures``, ``units`` and ``limits``.
    """
    return {
        "conditions": [_describe(kind) for kind in LEAF_KINDS],
        "groups": [
            {"op": "and", "about": "all of its children"},
            {"op": "or", "about": "at least one of its children"},
            {"op": "not", "about": "none of its children"},
        ],
        "operators": [{"name": name, "value": takes} for name, takes in OPERATORS.items()],
        "tests": list(TEST_OPERATORS),
        "signs": list(SIGNS),
        "property_types": [
            {"name": name, "operators": list(operators_of_kind(kind))}
            for name, kind in PROPERTY_TYPES.items()
        ],
        "store_figures": list(MEASURES),
        "units": {
            "days": "calendar days of the merchant's time zone",
            "weeks": "seven such days each",
            "hours": "to the second",
            "currency": "whole units of the merchant's currency, such as 12.50",
            "percent": "above 0 and below 100",
            "km": "along the surface of the earth",
            "miles": "of 1.609344 km each, likewise",
        },
        "limits": {"conditions": MAX_LEAVES, "depth": MAX_DEPTH, "tests": MAX_TESTS},
    }


def list_leaf_examples() -> list[dict[str, Any]]:
    """Return the examples of every condition, in the order in which they are described."""
    return [example for kind in LEAF_KINDS for example in kind.examples]


def _describe(kind: LeafKind) -> dict[str, object]:
    return {
        "name": kind.name,
        "about": kind.about,
        "parameters": [
            {
                "name": parameter.name,
                "value": parameter.takes,
                "required": parameter.is_required,
                "choices": list(parameter.choices),
            }
            for parameter in kind.parameters
        ],
        "examples": list(kind.examples),
    }
