"""Saves which UTM parameters the links of messages get."""

from collections.abc import Mapping

from django.db import transaction

from kernel import clock
from kernel.errors import Invalid
from messaging.domain.utm import MOST, NAMES, PARAMETERS, unknown_names
from messaging.models import UtmSettings
from tenants.services import audit


@transaction.atomic
def save_utm(patterns: Mapping[str, str], *, is_on: bool, actor: str) -> None:
    """Let links get parameters from now on, or none.

    Args:
        patterns: by parameter; empty ones are left out.
        is_on: whether links get them.
        actor: e-mail address of the member.

    Raises:
        Invalid: a name in braces that nobody knows, or too long a pattern; ``fields`` says which.
    """
    wanted = {name: patterns.get(name, "").strip() for name in PARAMETERS}
    if wrong := {name: words for name, text in wanted.items() if (words := _fault(text))}:
        raise Invalid(next(iter(wrong.values())), fields=wrong)
    row = UtmSettings.objects.select_for_update(no_key=True).first()
    before = {"is_on": row.is_on, **row.patterns} if row is not None else None
    after = {"is_on": is_on, **wanted}
    if before == after:
        return
    values = {"is_on": is_on, "patterns": wanted, "changed_at": clock.now()}
    if row is None:
        row = UtmSettings.objects.create(**values)
    else:
        UtmSettings.objects.filter(pk=row.pk).update(**values)
    audit.record("utm.changed", "utm", row.pk, before=before, after=after, actor=actor)


def _fault(text: str) -> str:
    if len(text) > MOST:
        return f"Up to {MOST} letters."
    if unknown := unknown_names(text):
        known = ", ".join(f"{{{name}}}" for name in NAMES)
        return f"Nothing is known of {{{unknown[0]}}}. Write {known}."
    return ""
