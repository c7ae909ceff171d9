"""What this app fills into the registries of the apps below."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from crm.panels import OrderPart, Panel, fill_order_part, fill_panel, fill_words
from crm.services.repointing import AFTER_PARTING, BEFORE_MERGE, REPOINTED, Pair
from flows.queries.campaigns import reading as campaigns
from flows.queries.versions import (
    is_heard,
    list_flow_names,
    list_segment_users,
    list_template_users,
)
from flows.queries.words import EVENTS, speak_starts
from flows.services import gating
from flows.services.campaigns.discounts import spare_best
from flows.services.campaigns.gating import ask_campaign
from flows.services.drafting import list_group_flows
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql
from messaging.gates import fill_gate
from messaging.panels import fill_campaigns, fill_flows, fill_hearer, fill_template_users
from messaging.types import PendingMessage, Verdict
from segments.panels import GroupOffer, fill_group_offer, fill_users
from tenants.domain.capabilities import EDIT_FLOWS


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    fill_gate("exit_condition", ask_exits)
    fill_gate("flow_filter", gating.ask_flow_filter)
    fill_gate("discount", spare_best)
    REPOINTED.append(("flows_flowrun", "profile_id"))
    REPOINTED.append(("flows_flowentry", "profile_id"))
    REPOINTED.append(("flows_heldout", "profile_id"))
    REPOINTED.append(("flows_reviewitem", "profile_id"))
    REPOINTED.append(("flows_task", "profile_id"))
    BEFORE_MERGE.append(settle_runs)
    AFTER_PARTING.append(free_runs)
    fill_users(list_segment_users)
    fill_users(campaigns.list_segment_users)
    fill_campaigns(campaigns.find_name)
    fill_template_users(campaigns.list_template_users)
    fill_flows(list_flow_names)
    fill_hearer(is_heard)
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
    fill_group_offer(
        GroupOffer(
            label="Send a campaign",
            done="",
            name="campaign",
            route="flows:new_campaign",
            page="flows:campaign",
            capability=EDIT_FLOWS,
            list_made=dict,  # any number can be sent to one group
        )
    )
    fill_template_users(list_template_users)
    fill_words("flows", "Flows", EVENTS, speak_starts)
    fill_panel(Panel("flows", "Flows", "flows:profile", 50))
    fill_order_part(OrderPart("flows", "Flows", "flows:order", 30))


def ask_exits(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
    """Answer the first gate, for what flows send and for what campaigns send."""
    return {**gating.ask_exit_condition(messages, now), **ask_campaign(messages, now)}


def settle_runs(pairs: Sequence[Pair]) -> None:
    """Make room for what merged profiles have in flows and campaigns.

    One person has one run of a key, and is one recipient of a campaign: whoever had a message of
    it gets no second one. Who is parted again later shares that place.
    """
    params = columns("losers winners", pairs)
    run_sql("flows.settle_merged_runs", now=clock.now(), **params)
    run_sql("flows.settle_merged_places", **params)


def free_runs(pairs: Sequence[Pair]) -> None:
    """Let the runs of profiles that were parted stand under their own keys again."""
    ids = [profile_id for pair in pairs for profile_id in pair]
    run_sql("flows.free_parted_runs", profile_ids=ids)
    run_sql("flows.free_held_out", profile_ids=ids)
