"""What this app fills into the registries of the apps below."""

from collections.abc import Sequence

from crm.panels import OrderPart, Panel, fill_order_part, fill_panel
from crm.services.repointing import AFTER_PARTING, BEFORE_MERGE, REPOINTED, Pair
from flows.queries.versions import (
    list_flow_names,
    list_segment_users,
    list_template_users,
)
from flows.services import gating
from flows.services.drafting import list_group_flows
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql
from messaging.gates import fill_gate
from messaging.panels import fill_flows, fill_template_users
from segments.panels import GroupOffer, fill_group_offer, fill_users
from tenants.domain.capabilities import EDIT_FLOWS


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    fill_gate("exit_condition", gating.ask_exit_condition)
    fill_gate("flow_filter", gating.ask_flow_filter)
    REPOINTED.append(("flows_flowrun", "profile_id"))
    REPOINTED.append(("flows_flowentry", "profile_id"))
    BEFORE_MERGE.append(settle_runs)
    AFTER_PARTING.append(free_runs)
    fill_users(list_segment_users)
    fill_flows(list_flow_names)
    fill_group_offer(
        GroupOffer(
            label="Draft a flow",
            done="Open its flow",
            name="flow",
            route="flows:draft",
            page="flows:detail",
            capability=EDIT_FLOWS,
            list_made=list_group_flows,
        )
    )
    fill_template_users(list_template_users)
    fill_panel(Panel("flows", "Flows", "flows:profile", 50))
    fill_order_part(OrderPart("flows", "Flows", "flows:order", 30))


def settle_runs(pairs: Sequence[Pair]) -> None:
    """Make room for the runs of merged profiles: one person has one run of a key."""
    params = columns("losers winners", pairs)
    run_sql("flows.settle_merged_runs", now=clock.now(), **params)


def free_runs(pairs: Sequence[Pair]) -> None:
    """Let the runs of profiles that were parted stand under their own keys again."""
    ids = [profile_id for pair in pairs for profile_id in pair]
    run_sql("flows.free_parted_runs", profile_ids=ids)
