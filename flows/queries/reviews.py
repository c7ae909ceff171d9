"""Messages that wait until somebody has looked at them, for their page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flows.choices import ReviewStatus
from flows.domain.graph import Message
from flows.models import ReviewItem
from flows.queries.versions import find_graphs
from kernel import clock
from messaging.models import Template

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message as the page shows it; ``template_id`` is None where the template is gone."""

    item: ReviewItem
    title: str
    template_id: int | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One page, newest first; ``next`` leads to the older ones."""

    rows: list[Waiting]
    next: int | None
    previous: None = None


def list_reviews(flow_id: int, *, after: int | None) -> ReviewPage:
    """Return the messages of a flow that can still be sent, newest first.

    Args:
        flow_id: the flow.
        after: id of the last one of the page before.
    """
    waiting = ReviewItem.objects.filter(flow_id=flow_id, status=ReviewStatus.WAITING)
    if after is not None:
        waiting = waiting.filter(pk__lt=after)
    waiting = waiting.filter(expires_at__gt=clock.now()).select_related("profile", "run")
    found = list(waiting.order_by("-pk")[: PAGE + 1])
    rows = found[:PAGE]
    keys = _templates_of(rows)
    templates = {
        key: (pk, name)
        for key, pk, name in Template.objects.filter(key__in=set(keys.values())).values_list(
            "key", "pk", "name"
        )
    }
    shown = []
    for item in rows:
        pk, name = templates.get(keys.get(item.pk, ""), (None, "Its step or template is gone"))
        shown.append(Waiting(item, name, pk))
    return ReviewPage(shown, rows[-1].pk if len(found) > PAGE else None)


def _templates_of(items: list[ReviewItem]) -> Mapping[int, str]:
    graphs = find_graphs({item.run.version_id for item in items})
    keys = {}
    for item in items:
        graph = graphs.get(item.run.version_id)
        node = graph.nodes.get(item.node_id) if graph is not None else None
        if isinstance(node, Message):
            keys[item.pk] = node.template
    return keys
