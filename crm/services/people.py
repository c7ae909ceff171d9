"""People of a batch: claims become profiles, known or new, and what is known of them changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.choices import ConsentState, IdentityKind
from crm.domain.fields import (
    ProfileFields,
    learn_consent,
    learn_from_customer,
    learn_from_guest,
    learn_from_traits,
)
from crm.domain.merging import read_consent
from crm.domain.permission import ADDRESSED, CHANNELS, counts_from
from crm.domain.resolution import LIMITS, WEAK, Key, Person, Register
from crm.errors import IngestConflict
from crm.services import visitors
from crm.services.batch import Batch
from crm.services.claims import Claim, block_erased, distinct_keys
from crm.services.ids import allocate_ids
from crm.services.merging import merge_groups
from crm.services.profiles import (
    Statement,
    append_statements,
    insert_profiles,
    load_fields,
    read_fields,
    update_profiles,
)
from kernel.arrays import array, columns
from kernel.sql import run_sql

_EMAIL, _PHONE = str(IdentityKind.EMAIL), str(IdentityKind.PHONE)
_CUSTOMER_ID = str(IdentityKind.CUSTOMER_ID)


@dataclass(slots=True, eq=False)
class _Draft:
    """A profile while a batch changes it; ``before`` is None for a new one."""

    profile_id: int
    person: Person
    fields: ProfileFields
    before: ProfileFields | None
    claims: list[Claim] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)


def resolve_people(batch: Batch, claims: Sequence[Claim]) -> None:
    """Give each claim its profile, and write what the claims say of the people.

    Claims without a usable identifier, and those of erased people, get no profile.

    Raises:
        IngestConflict: another store's writer took the same identifier meanwhile.
    """
    block_erased(claims)
    usable = [claim for claim in claims if claim.keys or claim.weak]
    if not usable:
        return
    weak = visitors.find_weak(claims, batch.now)
    stored = _find_stored(usable, {row.profile_id for row in weak if not row.is_shared})
    register = _fill_register(batch.store_id, stored, weak)
    for claim in usable:
        claim.person = register.resolve(claim.keys, claim.weak, is_typed=claim.is_typed)
        if claim.person:
            register.doubt(claim.person, claim.hints)
    drafts = _draft(batch, [claim for claim in usable if claim.person], stored)
    for draft in drafts:
        _learn(batch, draft)
        draft.fields.is_anonymous = not draft.person.is_known
    _write(batch, drafts)
    visitors.note_doubts(register, drafts, batch.now)


def _find_stored(claims: Sequence[Claim], weak_ids: set[int]) -> dict[int, ProfileFields]:
    params = columns("kinds identifiers", distinct_keys(claims))
    ids = {row.id for row in run_sql("crm.find_people", **params)} | weak_ids
    if not ids:
        return {}
    rows = run_sql("crm.load_profiles", ids=array(sorted(ids)))
    if any(row.merged_into_id is not None for row in rows):
        raise IngestConflict("a profile was merged meanwhile")
    return {row.id: read_fields(row) for row in rows}


def _fill_register(
    store_id: int, stored: dict[int, ProfileFields], weak: Sequence[visitors.WeakRow]
) -> Register:
    register = Register(store_id)
    for row in weak:
        if row.is_shared:
            register.add_shared((row.kind, row.value_norm))
    if not stored:
        return register
    identifiers: dict[int, list[tuple[Key, int | None]]] = {}
    for row in run_sql("crm.list_identities", ids=array(stored)):
        key = (row.kind, row.value_norm)
        identifiers.setdefault(row.profile_id, []).append((key, row.store_id))
    for row in weak:
        if not row.is_shared:
            identifiers.setdefault(row.profile_id, []).append(((row.kind, row.value_norm), None))
    for profile_id, found in identifiers.items():
        is_told = profile_id in stored and _is_told(stored[profile_id])
        register.add_known(profile_id, found, is_told=is_told)
    return register


def _is_told(known: ProfileFields) -> bool:
    """Say whether more is known of somebody than what a site may claim."""
    has_word = bool(known.source_version_at or known.email or known.phone)
    return has_word or any(
        read_consent(known, channel)[0] != ConsentState.NEVER for channel in ADDRESSED
    )


def _draft(batch: Batch, claims: Sequence[Claim], stored: dict[int, ProfileFields]) -> list[_Draft]:
    """Return the people of the batch, united where claims showed that they are one."""
    people: dict[int, tuple[Person, list[Claim]]] = {}
    for claim in claims:
        person = claim.person.final() if claim.person else Person()
        people.setdefault(id(person), (person, []))[1].append(claim)
    _merge_stored(batch, [person for person, _ in people.values()], stored)
    new_ids = iter(
        allocate_ids(
            "crm_profile", sum(1 for person, _ in people.values() if not person.profile_ids)
        )
    )
    drafts = []
    for person, theirs in people.values():
        if person.profile_ids:
            profile_id = person.profile_ids[0]
            fields = stored[profile_id]
            drafts.append(_Draft(profile_id, person, fields, fields.copy(), theirs))
        else:
            drafts.append(_Draft(next(new_ids), person, ProfileFields(), None, theirs))
    return drafts


def _merge_stored(batch: Batch, people: Sequence[Person], stored: dict[int, ProfileFields]) -> None:
    several = [person for person in people if len(person.profile_ids) > 1]
    if not several:
        return
    winners = merge_groups([(person.profile_ids, person.rule) for person in several], now=batch.now)
    for person in several:
        person.profile_ids = [winners[person.profile_ids[0]]]
    stored.update(load_fields(person.profile_ids[0] for person in several))


def _learn(batch: Batch, draft: _Draft) -> None:
    """Take over, claim by claim, what the batch says of one person."""
    known = draft.fields
    for claim in draft.claims:
        said = claim.said
        holds = True
        replaces = False
        if claim.is_customer:
            holds = replaces = learn_from_customer(known, said)
        elif claim.has_traits:
            replaces = learn_from_traits(known, said)
        else:
            learn_from_guest(known, said)
        _learn_addresses(draft, claim, replaces=replaces)
        if known.created_at is None or claim.first_at < known.created_at:
            known.created_at = claim.first_at
        for channel in CHANNELS:
            if state := getattr(said, f"{channel}_consent"):
                _learn_consent(batch, draft, claim, channel, state, holds=holds)


def _learn_addresses(draft: _Draft, claim: Claim, *, replaces: bool) -> None:
    """Show an address only on the profile at which its identifier points.

    One that was only typed is shown where it came with it and none was shown.
    """
    known, keys = draft.fields, draft.person.keys
    if claim.is_typed:
        if not known.email and keys.get((_EMAIL, claim.email.lower())):
            known.email = claim.email
        if not known.phone and keys.get((_PHONE, claim.phone)):
            known.phone = claim.phone
        return
    if (
        claim.email
        and (replaces or not known.email)
        and claim.email.lower() != known.email.lower()
        and (_EMAIL, claim.email.lower()) in keys
    ):
        known.email = claim.email
    if claim.phone and (replaces or not known.phone) and (_PHONE, claim.phone) in keys:
        known.phone = claim.phone


def _learn_consent(
    batch: Batch, draft: _Draft, claim: Claim, channel: str, state: str, *, holds: bool
) -> None:
    said_at = claim.said.consent_at
    if state not in ConsentState.values or (said_at is None and not holds):
        return
    if learn_consent(draft.fields, channel, state, said_at, batch.now):
        draft.statements.append(
            Statement(
                profile_id=draft.profile_id,
                channel=channel,
                state=state,
                occurred_at=counts_from(state, said_at, batch.now),
                method=batch.platform,
            )
        )


def _write(batch: Batch, drafts: Sequence[_Draft]) -> None:
    created = [draft for draft in drafts if draft.before is None]
    changed = [draft for draft in drafts if draft.before not in (None, draft.fields)]
    insert_profiles({draft.profile_id: draft.fields for draft in created}, batch.now)
    update_profiles({draft.profile_id: draft.fields for draft in changed}, batch.now)
    attached = _write_identities(batch, drafts)
    append_statements([each for draft in drafts for each in draft.statements], batch.now)
    for draft in created:
        _note_created(batch, draft)
    for draft in changed:
        _note_changed(batch, draft)
    changed_ids = {draft.profile_id for draft in changed} | attached
    for draft in drafts:
        for claim in draft.claims:
            claim.profile_id = draft.profile_id
            claim.is_new = draft.before is None
            claim.is_changed = draft.profile_id in changed_ids


def _write_identities(batch: Batch, drafts: Sequence[_Draft]) -> set[int]:
    """Store new identifiers; returns the profiles that got one."""
    rows = [
        (
            kind,
            value,
            draft.profile_id,
            batch.store_id if kind == _CUSTOMER_ID else None,
            draft.claims[-1].first_at,
        )
        for draft in drafts
        for (kind, value), is_new in draft.person.keys.items()
        if is_new
    ]
    if not rows:
        return set()
    params = columns("kind identifier profile_id store_id seen_at", rows)
    written = run_sql("crm.insert_identities", **params)
    if len(written) < len(rows):
        raise IngestConflict("another writer took the same identifier")
    crowded = [
        draft.profile_id
        for draft in drafts
        if draft.before is not None
        and any(draft.person.count(kind) > limit for kind, limit in LIMITS.items())
    ]
    if crowded:
        run_sql("crm.trim_identities", ids=array(crowded))
    if visiting := sorted({row[2] for row in rows if row[0] in WEAK}):
        run_sql("crm.trim_weak", ids=array(visiting))
    return {row.profile_id for row in written}


def _note_created(batch: Batch, draft: _Draft) -> None:
    known = draft.fields
    if known.is_anonymous:
        return
    batch.add_event(
        "Profile Created",
        known.created_at or batch.now,
        profile_id=draft.profile_id,
        object_id=draft.profile_id,
        properties={"country": known.country} if known.country else {},
    )
    if draft.before is None and not any(kind in WEAK for kind, _ in draft.person.keys):
        batch.call_first()
    _note_consent(batch, draft, ProfileFields())


def _note_changed(batch: Batch, draft: _Draft) -> None:
    before = draft.before or ProfileFields()
    if before.is_anonymous:
        batch.unveiled.add(draft.profile_id)
        _note_created(batch, draft)
        return
    if _visible(before) != _visible(draft.fields):
        batch.add_event(
            "Profile Updated",
            batch.now,
            profile_id=draft.profile_id,
            object_id=draft.profile_id,
        )
    _note_consent(batch, draft, before)


def _note_consent(batch: Batch, draft: _Draft, before: ProfileFields) -> None:
    known = draft.fields
    for channel in CHANNELS:
        (old, _), (new, at) = read_consent(before, channel), read_consent(known, channel)
        if old != new:
            batch.add_event(
                "Consent Changed",
                at or batch.now,
                profile_id=draft.profile_id,
                object_id=draft.profile_id,
                properties={
                    "channel": channel,
                    "state": new,
                    "before": old,
                    "method": batch.platform,
                },
            )


def _visible(fields: ProfileFields) -> tuple[object, ...]:
    return (
        fields.email,
        fields.phone,
        fields.first_name,
        fields.last_name,
        fields.locale,
        fields.timezone,
        fields.country,
        fields.region,
        fields.city,
        fields.postcode,
        fields.properties,
    )
