"""Nodes of every type with dull defaults."""

from typing import Any


def wait(n: int, unit: str, then: str, **other: Any) -> dict[str, Any]:
    return {"type": "delay", "n": n, "unit": unit, "next": then, **other}


def wait_event(*any_of: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "type": "wait_event",
        "any_of": list(any_of),
        "timeout": {"n": 24, "unit": "hours"},
        "on_event": "end",
        "on_timeout": "note",
        **other,
    }


def wait_stock(**other: Any) -> dict[str, Any]:
    return {
        "type": "wait_stock",
        "timeout": {"n": 180, "unit": "days"},
        "on_stock": "note",
        "on_timeout": "end",
        **other,
    }


def shares(kind: str, *ways: tuple[str, float, str], **other: Any) -> dict[str, Any]:
    branches = [{"name": name, "share": share, "next": then} for name, share, then in ways]
    return {"type": kind, "branches": branches, **other}


def act(kind: str, then: str = "end", **other: Any) -> dict[str, Any]:
    return {"type": kind, "next": then, **other}
