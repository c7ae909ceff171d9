"""Where somebody stands, as SQL over ``p`` (crm_profile) and ``f`` (crm_profilefacts)."""

from typing import Final

from segments.domain.compile_places import distance_km
from segments.domain.query import Query, midnight_after
from segments.domain.standing import (
    KM_OF,
    NO_GROUP,
    PUSH,
    MoveLeaf,
    NearLeaf,
    ReachLeaf,
    StageLeaf,
    Standing,
)

_ADDRESS: Final = {
    "email": "p.email_norm",
    "sms": "p.phone",
    "whatsapp": "p.phone",
}
_STOPS: Final = """
SELECT count(*) > 0 AS stopped, min(s.until) AS until
FROM crm_suppression AS s
WHERE s.tenant_id = %(tenant_id)s
  AND s.channel = {channel}
  AND {address} <> ''
  AND s.address_hash = encode(
      sha256(
          convert_to((%(tenant_id)s)::bigint || ':' || {channel} || ':' || {address}, 'UTF8')
      ),
      'hex'
  )
  AND (s.until IS NULL OR s.until > {now})
"""
"""The digest is that of `crm.domain.digests`; a test compares them."""

_DEVICES: Final = """
SELECT count(*) > 0 AS held
FROM messaging_pushtoken AS t
WHERE t.tenant_id = %(tenant_id)s AND t.profile_id = p.id AND t.gone_at IS NULL AND t.is_proven
"""
"""Browsers and apps that get messages of somebody (`messaging.queries.devices.REACHED`)."""

_MOVES: Final = """
SELECT
    (array_agg(c.from_group ORDER BY c.at, c.id))[1] AS was,
    min(c.at) AS first_at,
    max(c.at) AS last_at
FROM segments_rfmchange AS c
WHERE c.tenant_id = %(tenant_id)s AND c.profile_id = p.id AND c.at >= {start}
"""
_GROUP: Final = "COALESCE(f.rfm_group, '')"

RISK_DAYS: Final = 60
"""Calendar days since the last order from which somebody is at risk, as in the core segments."""
CHURN_DAYS: Final = 120
"""The same for churned; whoever buys after so many is won back until the next order."""
LOYAL_ORDERS: Final = 4
_RETURNS: Final = """
SELECT COALESCE((
    SELECT (f.last_order_at AT TIME ZONE {zone})::date - (o.ordered_at AT TIME ZONE {zone})::date
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.profile_id = p.id
      AND o.is_counted
      AND o.ordered_at < f.last_order_at
      AND f.last_order_at >= {at_risk}
    ORDER BY o.ordered_at DESC
    LIMIT 1
), 0) AS days
"""
"""Days between the last two orders, of whoever bought lately."""
_STAGE: Final = """
CASE
    WHEN f.last_order_at < {churned} THEN 'churned'
    WHEN f.last_order_at < {at_risk} THEN 'at_risk'
    WHEN f.order_count >= 2 AND {returns}.days >= {churn_days} THEN 'won_back'
    WHEN f.order_count >= {loyal_orders} THEN 'loyal'
    WHEN f.order_count >= 2 THEN 'active'
    WHEN f.order_count = 1 THEN 'first_time'
    WHEN 'subscribed' IN (
        p.email_consent, p.sms_consent, p.whatsapp_consent, p.push_consent
    ) THEN 'subscriber'
    ELSE 'none'
END
"""


def compile_standing(query: Query, leaf: Standing) -> str:
    """Return a boolean expression for one condition."""
    match leaf:
        case ReachLeaf():
            reachable = _reachable(query, leaf)
            return reachable if leaf.is_reachable else f"NOT {reachable}"
        case MoveLeaf():
            return _moved(query, leaf)
        case NearLeaf():
            km = distance_km(query, leaf)
            return f"COALESCE({km} <= {query.bind(float(leaf.km))}::float8, false)"
        case StageLeaf():
            return f"(({stage_sql(query)}) = ANY({query.bind(list(leaf.stages), '::text[]')}))"


def standing_value(query: Query, leaf: Standing) -> str:
    """Return what explains a condition: a permission, a stage, the group before, how far it is."""
    match leaf:
        case ReachLeaf() if leaf.channel == PUSH:
            return f"(CASE WHEN {_devices(query)}.held THEN p.push_consent ELSE 'no_device' END)"
        case ReachLeaf():
            stops, address = _stops(query, leaf), _ADDRESS[leaf.channel]
            return (
                f"(CASE WHEN {address} = '' THEN 'no_address' WHEN {stops}.stopped"
                f" THEN 'suppressed' ELSE p.{leaf.channel}_consent END)"
            )
        case MoveLeaf():
            return f"(COALESCE({_moves(query, leaf)}.was, {_GROUP}) || ':' || {_GROUP})"
        case NearLeaf():
            km_of_unit = query.bind(KM_OF[leaf.unit], "::numeric")
            return f"round(({distance_km(query, leaf)})::numeric / {km_of_unit}, 1)"
        case StageLeaf():
            return f"({stage_sql(query)})"


def stage_sql(query: Query) -> str:
    """Return an expression for the one stage that somebody is at; it changes at local midnight."""
    at_risk = query.bind(query.moment.days_ago(RISK_DAYS - 1))
    for days in (RISK_DAYS, CHURN_DAYS):
        query.change_on("f.last_order_at", days)

    def build() -> str:
        return _RETURNS.format(zone=query.bind(query.moment.zone.key), at_risk=at_risk)

    return _STAGE.format(
        churned=query.bind(query.moment.days_ago(CHURN_DAYS - 1)),
        at_risk=at_risk,
        returns=query.join("returns", build),
        churn_days=CHURN_DAYS,
        loyal_orders=LOYAL_ORDERS,
    )


def _reachable(query: Query, leaf: ReachLeaf) -> str:
    if leaf.channel == PUSH:
        return f"(p.push_consent = 'subscribed' AND {_devices(query)}.held)"
    stops, address = _stops(query, leaf), _ADDRESS[leaf.channel]
    query.change_at(f"{stops}.until")
    return f"(p.{leaf.channel}_consent = 'subscribed' AND {address} <> '' AND NOT {stops}.stopped)"


def _devices(query: Query) -> str:
    return query.join(("reach", PUSH), lambda: _DEVICES)


def _stops(query: Query, leaf: ReachLeaf) -> str:
    def build() -> str:
        channel, now = query.bind(leaf.channel, "::text"), query.bind_instant()
        return _STOPS.format(channel=channel, address=_ADDRESS[leaf.channel], now=now)

    return query.join(("reach", leaf.channel), build)


def _moved(query: Query, leaf: MoveLeaf) -> str:
    name = _moves(query, leaf)
    was = f"COALESCE({name}.was, {_GROUP})"
    parts = [f"{was} <> {_GROUP}"]
    for column, groups in ((was, leaf.before), (_GROUP, leaf.now)):
        if groups:
            wanted = ["" if one == NO_GROUP else one for one in groups]
            parts.append(f"{column} = ANY({query.bind(wanted, '::text[]')})")
    if leaf.days is not None:
        query.change_at(midnight_after(query, f"{name}.first_at", leaf.days + 1))
    return f"({' AND '.join(parts)})"


def _moves(query: Query, leaf: MoveLeaf) -> str:
    moment = query.moment
    start = moment.start_of(leaf.since) if leaf.since else moment.days_ago(leaf.days or 0)
    return query.join(("moves", start), lambda: _MOVES.format(start=query.bind(start)))
