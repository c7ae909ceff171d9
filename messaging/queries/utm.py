"""What the links of the active tenant's messages get, and what they are filled with."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from messaging.domain.utm import DEFAULTS, OFF, Utm, fill_patterns, override, tag_link
from messaging.models import Template, UtmSettings
from messaging.panels import list_flows
from messaging.types import PendingMessage

OVERRIDE = "utm"
"""Key of a message's context, and of a template's content, that says otherwise."""
CAMPAIGN = "campaign"
"""Key of a message's context that names its campaign."""


class _Named(NamedTuple):
    name: str
    said: Any


def find_utm() -> Utm:
    """Return what links get; nothing where nobody has said anything."""
    row = UtmSettings.objects.first()
    return OFF if row is None else Utm(row.is_on, row.patterns)


def find_form() -> tuple[bool, Mapping[str, str]]:
    """Return what the form shows: what was saved, else the defaults, switched off."""
    row = UtmSettings.objects.first()
    return (row.is_on, row.patterns) if row is not None else (False, DEFAULTS)


class Tagger:
    """Adds the parameters of each message of a batch to its links."""

    def __init__(self) -> None:
        """Look up what the tenant wants."""
        self._utm = find_utm()
        self._templates: dict[int, _Named] = {}
        self._flows: Mapping[int, str] = {}

    def begin(self, messages: Collection[PendingMessage]) -> None:
        """Look up the names of a batch; not while links get nothing anyway."""
        is_asked = self._utm.is_on or any(OVERRIDE in each.context for each in messages)
        if not is_asked:
            return
        rows = Template.objects.filter(pk__in={each.template_id for each in messages})
        self._templates = {
            row.pk: _Named(row.name, row.content.get(OVERRIDE))
            for row in rows.only("name", "content")
        }
        if any(each.flow_id for each in messages):
            self._flows = list_flows()

    def tag(self, message: PendingMessage) -> Callable[[str], str]:
        """Return what adds a message's parameters to a link."""
        parameters = self.parameters(message)
        return lambda url: tag_link(url, parameters)

    def parameters(self, message: PendingMessage) -> str:
        """Return what a message's links get, as `tag_link` adds it; empty for nothing."""
        template = self._templates.get(message.template_id, _Named("", None))
        utm = override(override(self._utm, template.said), message.context.get(OVERRIDE))
        if not utm.is_on:
            return ""
        name = str(message.context.get(CAMPAIGN) or "") or self._flows.get(message.flow_id or 0, "")
        values = {
            "campaign": name or template.name,
            "template": template.name,
            "node": message.node_id,
            "channel": message.channel,
            "class": message.message_class,
        }
        return fill_patterns(utm, values)
