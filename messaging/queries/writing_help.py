"""Whether there is writing help, and where it is asked."""

from dataclasses import dataclass

from kernel.secrets import decrypt
from messaging.channels.writing_help import ChatCompletions, WritingHelper
from messaging.models import WritingHelp


@dataclass(frozen=True, slots=True)
class HelpSettings:
    """What was chosen; the key itself is never shown."""

    is_on: bool = False
    base_url: str = ""
    model: str = ""
    tone: str = ""
    has_key: bool = False


def find_settings() -> HelpSettings:
    """Return what the tenant chose; switched off where nobody chose anything."""
    row = WritingHelp.objects.first()
    if row is None:
        return HelpSettings()
    return HelpSettings(row.is_on, row.base_url, row.model, row.tone, bool(row.key_encrypted))


def is_helped() -> bool:
    """Return whether words can be asked for."""
    return WritingHelp.objects.filter(is_on=True).exists()


def find_helper() -> tuple[WritingHelper, HelpSettings] | None:
    """Return what to ask, and what was chosen; None while it is switched off."""
    row = WritingHelp.objects.filter(is_on=True).first()
    if row is None:
        return None
    helper = ChatCompletions(row.base_url, row.model, decrypt(row.key_encrypted))
    return helper, HelpSettings(
        row.is_on, row.base_url, row.model, row.tone, bool(row.key_encrypted)
    )
