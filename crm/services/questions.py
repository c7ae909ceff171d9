"""Questions about products, told by the tool that collects them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.models import ProductQuestion
from kernel import clock
from kernel.errors import Invalid

FIELDS = ("product_external_id", "question", "answer", "author", "is_consented", "asked_at")


@transaction.atomic
def upsert_question(
    store_id: int, external_id: str, said: Mapping[str, Any], version_at: datetime | None
) -> tuple[ProductQuestion, bool]:
    """Create a question, or bring the one with this id up to date.

    Args:
        store_id: of the tenant.
        external_id: of the tool that tells of it.
        said: any of `FIELDS`; what is missing stays as it is.
        version_at: as of when; older news than what is known changes nothing. None is now.

    Returns:
        The question, and whether it is new. A repeat changes nothing.

    Raises:
        Invalid: the first time nothing is asked.
    """
    now = clock.now()
    version_at = version_at or now
    values = {name: said[name] for name in FIELDS if said.get(name) is not None}
    if "author" in values:
        values["author"] = _first_name(values["author"])
    known = _lock(store_id, external_id)
    if known is None:
        if not values.get("question", "").strip():
            text = "Say what was asked."
            raise Invalid(text, fields={"question": text})
        made, is_new = ProductQuestion.objects.get_or_create(
            store_id=store_id,
            external_id=external_id,
            defaults={"asked_at": version_at, **values, "source_version_at": version_at},
        )
        if is_new:
            return made, True
        known = _lock(store_id, external_id) or made  # somebody else told of it at this moment
    if not values.get("question", known.question).strip():
        text = "A question cannot become empty."
        raise Invalid(text, fields={"question": text})
    changed = [name for name, value in values.items() if getattr(known, name) != value]
    if changed and version_at >= known.source_version_at:
        for name in changed:
            setattr(known, name, values[name])
        known.source_version_at, known.updated_at = version_at, now
        known.save(update_fields=[*changed, "source_version_at", "updated_at"])
    return known, False


def _lock(store_id: int, external_id: str) -> ProductQuestion | None:
    rows = ProductQuestion.objects.select_for_update(no_key=True)
    return rows.filter(store_id=store_id, external_id=external_id).first()


def _first_name(text: str) -> str:
    return (text.split() or [""])[0][:80]
