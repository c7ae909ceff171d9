"""Fetching what events of Adobe Commerce are about, those of one kind together."""

from collections import defaultdict
from collections.abc import Sequence

from kernel.http import Client, HttpUnavailable
from stores.errors import PullBusy, PullRefused, PullUnavailable, Untranslatable
from stores.platforms.fields import read_object
from stores.platforms.magento import events
from stores.platforms.magento.api import Api
from stores.platforms.magento.objects import COMPLETE, IDS, KINDS, PATHS, STAGES, pack_gone
from stores.types import Delivery, Fetched, StoreAccess

FORGED = "The signature is not Adobe's: nothing was read"
FIELD = "entity_id"
"""Under which name all three lists are searched by id."""


class MagentoFetch:
    """The platform as events see it."""

    def name(self, delivery: Delivery) -> str:
        """Return what an event is about; of a forged one that is nobody's business."""
        try:
            return events.name_object(read_object(delivery.body))
        except Untranslatable:
            return ""

    def fetch(self, access: StoreAccess, client: Client, deliveries: Sequence[Delivery]) -> Fetched:
        fetched = Fetched()
        try:
            genuine = [
                each for each in deliveries if events.is_genuine(each.body, each.headers, client)
            ]
            fetched.forged = {each.id: FORGED for each in deliveries if each not in genuine}
            names = list(dict.fromkeys(self.name(each) for each in genuine))
            _fetch_all(Api(access, client), access, names, fetched)
        except (PullBusy, PullRefused, PullUnavailable, HttpUnavailable) as exc:
            fetched.stopped_by = exc
        return fetched


def _fetch_all(api: Api, access: StoreAccess, names: Sequence[str], fetched: Fetched) -> None:
    wanted: dict[str, list[str]] = defaultdict(list)
    for name in names:
        kind, _, number = name.partition(":")
        wanted[kind].append(number)
    for stage in STAGES:
        kind, numbers = KINDS[stage], wanted[KINDS[stage]]
        items = api.list_of(PATHS[stage], FIELD, numbers)
        known = {str(item.get(IDS[stage])) for item in items}
        packed = COMPLETE[stage](api, access, items)
        fetched.found |= {each.name: each for each in packed}
        fetched.found |= {
            f"{kind}:{number}": pack_gone(kind, number) for number in numbers if number not in known
        }
