"""Bodies of storefront webhooks, written for these tests."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "payloads"


def load_payload(name: str, /, **changes: Any) -> dict[str, Any]:
    """Return a fresh copy of ``<vendor>/<name>.json`` with top-level values changed."""
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return {**deepcopy(payload), **changes}
