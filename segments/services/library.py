"""Starters put to work: those that every tenant has, and the others one by one."""

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, NotFound
from segments.choices import Cause
from segments.domain.starters import CORE_STARTERS, STARTERS
from segments.models import Segment
from segments.queries.starters import define_starter, find_top_category
from segments.services.archiving import unarchive_segment
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment
from segments.services.upkeep import lock_upkeep, request_refresh


def install_core_segments() -> None:
    """Install the core segments that the tenant does not have yet; a repeat changes nothing."""
    with transaction.atomic():
        is_new = _add_missing()
    if is_new:
        rebuild(clock.now(), Cause.DEFINITION)


@transaction.atomic
def keep_core_segments() -> None:
    """Give a tenant the core segments that a release added; their members follow soon."""
    lock_upkeep()
    if _add_missing():
        request_refresh(Cause.DEFINITION, clock.now())


@transaction.atomic
def install_starter(key: str) -> Segment:
    """Install a starter; one that was archived is brought back as it was left.

    Args:
        key: of a starter. A name that is taken gets a number behind it.

    Raises:
        NotFound: no such starter.
        Conflict: it is installed already, or needs a category and there is none.
        DefinitionError: its definition is not understood.
    """
    starter = next((one for one in STARTERS if one.key == key), None)
    if starter is None:
        raise NotFound(f"no template {key}")
    if (found := Segment.objects.filter(key=key).first()) is not None:
        if not unarchive_segment(found.pk):
            raise Conflict(f"{found.name} is installed already")
        return found
    definition = define_starter(starter, find_top_category())
    if definition is None:
        raise Conflict("No product that was sold has a category yet")
    return create_segment(
        name=_free_name(starter.name),
        definition=definition,
        description=starter.description,
        key=key,
    )


@transaction.atomic
def ensure_starter(key: str) -> Segment:
    """Return the segment of a starter; it is installed, or brought back, where it is not there.

    Raises:
        NotFound, Conflict, DefinitionError: as of `install_starter`.
    """
    found = Segment.objects.filter(key=key, archived_at=None).first()
    return install_starter(key) if found is None else found


def _add_missing() -> bool:
    present = set(Segment.objects.exclude(key="").values_list("key", flat=True))
    now = clock.now()
    missing = [
        Segment(
            key=core.key,
            name=core.name,
            description=core.description,
            definition=core.definition,
            redefined_at=now,
        )
        for core in CORE_STARTERS
        if core.key not in present
    ]
    Segment.objects.bulk_create(missing, ignore_conflicts=True)
    return bool(missing)


def _free_name(name: str) -> str:
    taken = set(Segment.objects.filter(name__startswith=name).values_list("name", flat=True))
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)
