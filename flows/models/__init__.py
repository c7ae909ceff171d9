"""Automations and campaigns: frozen versions, runs, audiences, and why somebody did not enter."""

from flows.models.automations import (
    Flow,
    FlowDraft,
    FlowEntry,
    FlowRun,
    FlowVersion,
    RunStep,
)
from flows.models.campaigns import Campaign, Recipient

__all__ = [
    "Campaign",
    "Flow",
    "FlowDraft",
    "FlowEntry",
    "FlowRun",
    "FlowVersion",
    "Recipient",
    "RunStep",
]
