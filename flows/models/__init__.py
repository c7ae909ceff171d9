"""Automations and campaigns: frozen versions, runs, audiences, and why somebody did not enter."""

from flows.models.access import AccessList
from flows.models.automations import (
    ABTest,
    DateScan,
    Flow,
    FlowDraft,
    FlowEntry,
    FlowRun,
    FlowVersion,
    HeldOut,
    ReviewItem,
    RunStep,
    Task,
    WantedChange,
)
from flows.models.campaigns import Campaign, Recipient
from flows.models.library import LibraryOrder

__all__ = [
    "ABTest",
    "AccessList",
    "Campaign",
    "DateScan",
    "Flow",
    "FlowDraft",
    "FlowEntry",
    "FlowRun",
    "FlowVersion",
    "HeldOut",
    "LibraryOrder",
    "Recipient",
    "ReviewItem",
    "RunStep",
    "Task",
    "WantedChange",
]
