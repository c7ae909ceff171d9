"""Mending what is wrong in the data, where a member says how: addresses, numbers, categories.

What is mended is what a store or a file told; an identifier that points at somebody else already is
not taken from them: both then wait among the probable duplicates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from crm.choices import DuplicateReason, IdentityKind
from crm.domain.fields import ProfileFields
from crm.domain.identifiers import normalize_email, normalize_phone
from crm.domain.likeness import WEIGHTS
from crm.models import Identity, IgnoredFlaw, Product, Profile
from crm.queries.hygiene import count_flaw, flaw_keys
from crm.services.claims import key_hash
from crm.services.events import append_events
from crm.services.facts import refresh_facts
from crm.services.flags import flag_products
from crm.services.ingest import AFTER_APPLY
from crm.services.profiles import load_fields, update_profiles
from crm.types import NewEvent, Written
from kernel import clock
from kernel.arrays import array, columns
from kernel.errors import Invalid, NotFound
from kernel.sql import run_sql
from tenants.models import Job
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

MOST_AT_ONCE = 200
"""Addresses that a member confirms at once."""
PEOPLE_BATCH = 500
PRODUCT_BATCH = 2_000
MAX_CATEGORY = 200
_UNUSABLE = {IdentityKind.EMAIL: "unusable_email", IdentityKind.PHONE: "unusable_phone"}
_REASONS = {IdentityKind.EMAIL: DuplicateReason.EMAIL, IdentityKind.PHONE: DuplicateReason.PHONE}


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of addresses or numbers.

    Attributes:
        fixed: people who are known by them now.
        taken: they point at somebody else; both wait for a decision.
    """

    fixed: int
    taken: int


@transaction.atomic
def mend_emails(addresses: Mapping[int, str], *, actor: str) -> Mended:
    """Give people the addresses that a member confirmed instead of malformed ones.

    Args:
        addresses: by id of a profile whose address cannot be used; others are left out.
        actor: e-mail address of the member.

    Raises:
        Invalid: there are too many, or one of them is malformed.
    """
    if len(addresses) > MOST_AT_ONCE:
        raise Invalid(f"Confirm at most {MOST_AT_ONCE} addresses at once.")
    wanted = {key: normalize_email(text) for key, text in addresses.items()}
    if not all(wanted.values()):
        raise Invalid("One of the addresses is malformed.")
    mended, ids = _mend(wanted, IdentityKind.EMAIL, clock.now())
    if ids:
        after = {"profile_ids": ids, "taken": mended.taken}
        audit.record("data.emails_mended", "data", "emails", after=after, actor=actor)
    return mended


def start_reading_phones(country: str, *, actor: str) -> Job:
    """Start reading the numbers that cannot be used as numbers of a country.

    Args:
        country: ISO 3166-1 alpha-2.
        actor: e-mail address of the member.
    """
    total = count_flaw("phones")
    return start_job("data.phones", {"country": country}, actor=actor, total=total)


def read_phones_batch(turn: JobTurn) -> JobStep:
    """Read the numbers of the next people; who lives elsewhere is left out."""
    country, after = turn.params["country"], turn.cursor or 0
    rows = Profile.objects.filter(
        pk__gt=after,
        merged_into__isnull=True,
        erased_at__isnull=True,
        properties__has_key="unusable_phone",
    )
    found = list(rows.order_by("pk").values_list("pk", "country", "properties")[:PEOPLE_BATCH])
    numbers = {
        key: number
        for key, lives_in, said in found
        if lives_in in ("", country)
        and (number := normalize_phone(str(said["unusable_phone"]), country))
    }
    if numbers:
        _mend(numbers, IdentityKind.PHONE, clock.now())
    is_last = len(found) < PEOPLE_BATCH
    return JobStep(rows=len(found), cursor=None if is_last else found[-1][0])


def start_setting_category(category: str, *, actor: str) -> Job:
    """Start giving a category to every product that has none.

    Raises:
        Invalid: it is empty or too long.
    """
    text = " ".join(category.split())
    if not 1 <= len(text) <= MAX_CATEGORY:
        raise Invalid("Write a category.", fields={"category": "is empty or too long"})
    total = count_flaw("uncategorised")
    return start_job("data.categories", {"category": text}, actor=actor, total=total)


def set_category_batch(turn: JobTurn) -> JobStep:
    """Give the category to the next products; it stays while their store names none."""
    rows = Product.objects.filter(category="", deleted_at__isnull=True).order_by("-pk")
    ids = list(rows.values_list("pk", flat=True)[:PRODUCT_BATCH])
    if ids:
        now, category = clock.now(), turn.params["category"]
        Product.objects.filter(pk__in=ids, category="").update(
            category=category, own_category=category, updated_at=now
        )
        filled = run_sql("crm.fill_line_categories", ids=array(ids))
        flag_products(ids)
        refresh_facts({row.profile_id for row in filled if row.profile_id is not None}, now)
        regrouped = Written(regrouped_ids=sorted({row.product_id for row in filled}))
        for listen in AFTER_APPLY:
            listen(regrouped)
    is_last = len(ids) < PRODUCT_BATCH
    return JobStep(rows=len(ids), cursor=None if is_last else {"done": turn.done + len(ids)})


@transaction.atomic
def ignore_flaw(key: str, *, actor: str) -> None:
    """Put a kind of flaw aside for everybody of the tenant; a repeat changes nothing.

    Raises:
        NotFound: there is no such kind.
    """
    if key not in flaw_keys():
        raise NotFound("There is no such flaw.")
    _, is_new = IgnoredFlaw.objects.get_or_create(
        key=key, defaults={"actor": actor, "at": clock.now()}
    )
    if is_new:
        audit.record("data.flaw_ignored", "data", key, after={"flaw": key}, actor=actor)


@transaction.atomic
def heed_flaw(key: str, *, actor: str) -> None:
    """Show a kind of flaw again; a repeat changes nothing."""
    gone, _ = IgnoredFlaw.objects.filter(key=key).delete()
    if gone:
        audit.record("data.flaw_heeded", "data", key, before={"flaw": key}, actor=actor)


def _mend(wanted: Mapping[int, str], kind: IdentityKind, now: datetime) -> tuple[Mended, list[int]]:
    """Give people identifiers instead of what could not be used; returns who got one."""
    usable = _without_erased(wanted, kind)
    known = {
        key: fields
        for key, fields in load_fields(usable).items()
        if _UNUSABLE[kind] in fields.properties
    }
    owners = _claim({key: usable[key] for key in known}, kind, now)
    fixed = [key for key in known if owners.get(usable[key]) == key]
    taken = [(key, owners[usable[key]]) for key in known if owners.get(usable[key], key) != key]
    for key in fixed:
        _take_over(known[key], kind, usable[key])
    update_profiles({key: known[key] for key in fixed}, now)
    append_events([_updated(key, now) for key in fixed], now=now)
    _note_doubts(taken, kind, now)
    return Mended(len(fixed), len(taken)), fixed


def _without_erased(wanted: Mapping[int, str], kind: IdentityKind) -> dict[int, str]:
    """Leave out what belongs to people who were erased."""
    if not wanted or not run_sql("crm.find_any_erased"):
        return dict(wanted)
    hashes = {value: key_hash((str(kind), value)) for value in wanted.values()}
    rows = run_sql("crm.find_erased", hashes=array(hashes.values()))
    erased = {row.address_hash for row in rows}
    return {key: value for key, value in wanted.items() if hashes[value] not in erased}


def _claim(wanted: Mapping[int, str], kind: IdentityKind, now: datetime) -> dict[str, int]:
    """Let identifiers that are free point at their people; returns at whom each points."""
    rows = [(str(kind), value, key, None, now) for key, value in sorted(wanted.items())]
    first = {row[1]: row for row in reversed(rows)}
    if not first:
        return {}
    names = "kind identifier profile_id store_id seen_at"
    run_sql("crm.insert_identities", **columns(names, list(first.values())))
    found = Identity.objects.filter(kind=kind, value_norm__in=list(first))
    return dict(found.values_list("value_norm", "profile_id"))


def _take_over(fields: ProfileFields, kind: IdentityKind, value: str) -> None:
    fields.properties = {
        name: said for name, said in fields.properties.items() if name != _UNUSABLE[kind]
    }
    if kind == IdentityKind.EMAIL:
        fields.email = fields.email or value
    else:
        fields.phone = fields.phone or value


def _note_doubts(pairs: Sequence[tuple[int, int]], kind: IdentityKind, now: datetime) -> None:
    reason = _REASONS[kind]
    rows = [(*sorted(pair), str(reason), WEIGHTS[reason]) for pair in pairs]
    if rows:
        names = "ones others reasons scores"
        run_sql("crm.note_duplicates", now=now, **columns(names, sorted(set(rows))))


def _updated(profile_id: int, now: datetime) -> NewEvent:
    return NewEvent(
        name="Profile Updated",
        occurred_at=now,
        source="system",
        profile_id=profile_id,
        object_id=profile_id,
        is_backfill=True,
    )
