"""What a merchant's analyst would do instead: read the facts, score in a data frame, write back."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from tests.benchmarks.world import bare

COLUMNS = ("profile_id", "last_order_on", "order_count", "net_minor")
SCORES = {"recency": "last_order_on", "frequency": "order_count", "monetary": "net_minor"}

READ = b"""
SELECT
    profile_id,
    (last_order_at AT TIME ZONE 'Europe/London')::date,
    lookback_order_count,
    lookback_net_minor
FROM crm_profilefacts
WHERE tenant_id = %(tenant_id)s AND lookback_order_count > 0
"""

MAKE_STAGE = b"""
CREATE TEMPORARY TABLE stage (
    profile_id bigint, last_order_on date, order_count int, net_minor bigint,
    recency smallint, frequency smallint, monetary smallint, named text
) ON COMMIT DROP
"""

WRITE_SCORES = b"""
INSERT INTO segments_rfmscore (
    tenant_id, profile_id, recency, frequency, monetary, "group", last_order_on, order_count,
    net_minor, changed_at, scored_at
)
SELECT
    %(tenant_id)s, profile_id, recency, frequency, monetary, named, last_order_on, order_count,
    net_minor, now(), now()
FROM stage
"""

WRITE_FACTS = b"""
UPDATE crm_profilefacts AS f
SET recency = s.recency, frequency = s.frequency, monetary = s.monetary, rfm_group = s.named
FROM stage AS s
WHERE f.tenant_id = %(tenant_id)s AND f.profile_id = s.profile_id
"""


def score_in_pandas(tenant_id: int) -> None:
    """Read, score and write everybody of a tenant with pandas."""
    frame = pd.DataFrame(_read(tenant_id), columns=list(COLUMNS))
    for name, column in SCORES.items():
        place = frame[column].rank(method="min").astype("int64") - 1
        frame[name] = 1 + place * 5 // len(frame)
    recency, frequency, monetary = frame["recency"], frame["frequency"], frame["monetary"]
    is_single = frame["order_count"] == 1
    frame["named"] = np.select(
        [
            (recency >= 4) & (frequency >= 4) & (monetary >= 4),
            (recency >= 3) & (frequency >= 4),
            is_single & (recency >= 4),
            recency >= 4,
            is_single,
            recency == 3,
            recency == 2,
            (frequency >= 3) | (monetary >= 4),
        ],
        [
            "champions",
            "loyal",
            "potential",
            "promising",
            "one_time_lapsed",
            "needs_attention",
            "at_risk",
            "lapsed_regular",
        ],
        default="lost",
    )
    _write(tenant_id, frame.itertuples(index=False, name=None))


def score_in_polars(tenant_id: int) -> None:
    """Read, score and write everybody of a tenant with polars."""
    frame = pl.DataFrame(_read(tenant_id), schema=list(COLUMNS), orient="row")
    frame = frame.with_columns(
        (1 + (pl.col(column).rank("min").cast(pl.Int64) - 1) * 5 // pl.len()).alias(name)
        for name, column in SCORES.items()
    )
    recency, frequency, monetary = pl.col("recency"), pl.col("frequency"), pl.col("monetary")
    is_single = pl.col("order_count") == 1
    named = (
        pl.when((recency >= 4) & (frequency >= 4) & (monetary >= 4))
        .then(pl.lit("champions"))
        .when((recency >= 3) & (frequency >= 4))
        .then(pl.lit("loyal"))
        .when(is_single & (recency >= 4))
        .then(pl.lit("potential"))
        .when(recency >= 4)
        .then(pl.lit("promising"))
        .when(is_single)
        .then(pl.lit("one_time_lapsed"))
        .when(recency == 3)
        .then(pl.lit("needs_attention"))
        .when(recency == 2)
        .then(pl.lit("at_risk"))
        .when((frequency >= 3) | (monetary >= 4))
        .then(pl.lit("lapsed_regular"))
        .otherwise(pl.lit("lost"))
    )
    _write(tenant_id, frame.with_columns(named.alias("named")).iter_rows())


def _read(tenant_id: int) -> list[tuple[Any, ...]]:
    with bare() as cursor:
        return cursor.execute(READ, {"tenant_id": tenant_id}).fetchall()


def _write(tenant_id: int, rows: Iterable[tuple[Any, ...]]) -> None:
    with bare() as cursor:
        cursor.execute(MAKE_STAGE)
        with cursor.copy("COPY stage FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        for statement in (WRITE_SCORES, WRITE_FACTS):
            cursor.execute(statement, {"tenant_id": tenant_id})
