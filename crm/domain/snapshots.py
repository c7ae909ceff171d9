"""A person as one flat object, and how a change of it is put back. Pure.

Whoever changes many people at once keeps what differed before and after. Putting back compares
three ways: what is as it was left goes back; what is already back stays; what something newer
changed stays, and is named.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.domain.fields import TEXT_FIELDS, ProfileFields
from crm.domain.permission import NEGATIVE

Flat = dict[str, Any]
"""Values by name; JSON. One that is not there is None."""

CHANNELS = {"email": "email", "sms": "phone", "whatsapp": "phone", "push": ""}
"""Channels of consent, and the field with the address that each needs, if a field has it."""
_STATES = tuple(f"{channel}_consent" for channel in CHANNELS)
_TIMES = (*(f"{name}_at" for name in _STATES), "source_version_at", "traits_at", "created_at")
_COLUMNS = (*TEXT_FIELDS, *_STATES, "is_anonymous", *_TIMES)
PROPERTY, TAG, IDENTITY, STATEMENT = "properties.", "tags.", "identities.", "statements."


def flatten(
    fields: ProfileFields, tags: Iterable[str], identities: Iterable[tuple[str, str]]
) -> Flat:
    """Return a person as one flat object; kinds and values of identifiers are joined by a colon."""
    flat: Flat = {}
    for name in _COLUMNS:
        value = getattr(fields, name)
        flat[name] = value.isoformat() if isinstance(value, datetime) else value
    flat |= {f"{PROPERTY}{name}": value for name, value in fields.properties.items()}
    flat |= {f"{TAG}{tag}": True for tag in tags}
    return flat | {f"{IDENTITY}{kind}:{value}": True for kind, value in identities}


def unflatten(flat: Mapping[str, Any]) -> ProfileFields:
    """Return the columns of a flat object."""
    values: dict[str, Any] = {name: flat.get(name) for name in _COLUMNS}
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    properties = {
        key.removeprefix(PROPERTY): value
        for key, value in flat.items()
        if key.startswith(PROPERTY) and value is not None
    }
    return ProfileFields(**values, properties=properties)


def digest_flat(flat: Mapping[str, Any]) -> str:
    """Return what two equal objects have in common."""
    text = json.dumps(flat, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Flat, Flat]:
    """Return what differs, as it was and as it is."""
    names = [
        name for name in {**before, **after} if before.get(name, None) != after.get(name, None)
    ]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


@dataclass(slots=True)
class PutBack:
    """What putting a change back comes to.

    Attributes:
        flat: the person as they are to be.
        done: names that go back.
        kept: names that stay, because something newer changed them or rests on them.
    """

    flat: Flat
    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def put_back(
    now: Mapping[str, Any], before: Flat, after: Flat, *, was_told_since: bool = False
) -> PutBack:
    """Decide what of a change goes back.

    Args:
        now: the person as they are.
        before: what the change found, of the names that it changed.
        after: what it left, of the same names.
        was_told_since: a store said something newer of them; a word of theirs that said “no”
            once more changed nothing then, so a “no” stays.
    """
    result = PutBack(dict(now))
    names = [name for name in before if not name.startswith(STATEMENT)]
    consent = [name for name in names if channel_of(name)]
    for channel in CHANNELS:
        mine = [name for name in consent if channel_of(name) == channel]
        if was_told_since and now.get(f"{channel}_consent") in NEGATIVE:
            result.kept += mine
        else:
            _take(result, mine, now, before, after, together=True)
    plain = [name for name in names if name not in consent and not name.startswith(IDENTITY)]
    for channel, address in CHANNELS.items():
        # Who said something since is still reached, or left alone, under the same address.
        if address in plain and any(channel_of(name) == channel for name in result.kept):
            plain.remove(address)
            result.kept.append(address)
    for name in plain:
        _take(result, [name], now, before, after)
    for name in names:
        if name.startswith(IDENTITY):
            _take_identity(result, name, now, before, after)
    return result


def kept_consent(result: PutBack, channel: str) -> bool:
    """Say whether what is known of a channel stays as something newer left it."""
    return any(channel_of(name) == channel for name in result.kept)


def _take(
    result: PutBack,
    names: Sequence[str],
    now: Mapping[str, Any],
    before: Flat,
    after: Flat,
    *,
    together: bool = False,
) -> None:
    """Put names back; ``together``: all of them or none."""
    open_names = [name for name in names if now.get(name) != before[name]]
    changed = [name for name in open_names if now.get(name) != after[name]]
    if changed and together:
        result.kept += open_names
        return
    result.kept += changed
    for name in open_names:
        if name not in changed:
            result.flat[name] = before[name]
            result.done.append(name)


def _take_identity(
    result: PutBack, name: str, now: Mapping[str, Any], before: Flat, after: Flat
) -> None:
    """Let go of an identifier unless something that stays is known under it."""
    kind, _, value = name.removeprefix(IDENTITY).partition(":")
    shown = {"email": "email", "phone": "phone"}.get(kind)
    if shown is not None:
        rests = str(result.flat.get(shown) or "").lower() == value
    else:
        rests = "source_version_at" in result.kept
    if rests and now.get(name):
        result.kept.append(name)
    else:
        _take(result, [name], now, before, after)


def channel_of(name: str) -> str:
    """Return the channel of a name of consent; empty for any other name."""
    channel = name.removesuffix("_at").removesuffix("_consent")
    return channel if channel in CHANNELS and "_consent" in name else ""
