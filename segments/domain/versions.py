"""Which version of a segment somebody looks at, so that nobody saves over what they never saw.

A version is a digest of what people edit. Sizes and times of counting do not change it, and a
change that is taken back brings the old version back.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

EDITABLE = ("name", "description", "definition")


def version_of(values: Mapping[str, Any]) -> str:
    """Return the version of the fields of `EDITABLE`: 32 hexadecimal digits."""
    text = json.dumps([values[name] for name in EDITABLE], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def merge(
    base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]
) -> dict[str, Any]:
    """Return my version with theirs in the fields that I left as they were."""
    return {name: theirs[name] if mine[name] == base[name] else mine[name] for name in EDITABLE}
