"""Which orders carry codes that stores were asked to take: matched where orders are written.

One statement for any number of orders, and none for a batch without codes. A code is matched from
when it was asked for; an order that was there before is matched with its next change.
"""

from crm.services.ingest import AFTER_APPLY
from crm.types import Written
from kernel.arrays import array
from kernel.sql import execute, load_sql, run_sql

MATCHERS: list[str] = ["stores.match_codes"]
"""Names of statements that take ``order_ids`` and note what codes orders carry; apps above add
theirs. They go to the server as one, so that a batch with codes costs one more trip, not two."""


def match_codes(written: Written) -> None:
    """Note which codes the written orders carry, and count them; a repeat changes nothing.

    Joins the transaction that writes the orders.
    """
    if written.coded_ids:
        statements = ";\n".join(load_sql(name) for name in MATCHERS)
        execute(statements, order_ids=array(sorted(set(written.coded_ids))))


def find_wrong_redemptions() -> list[str]:
    """Recompute what is counted of codes, and name each difference."""
    return [
        f"code {row.code}: {row.kept} redemptions counted, recomputed {row.found}"
        for row in run_sql("stores.find_wrong_redemptions")
    ]


def register() -> None:
    """Listen to whoever writes orders; called once, when the apps are loaded."""
    AFTER_APPLY.append(match_codes)
