"""Pages of segments that need something there: postcodes, and a shop that is told of members."""

from crm.services.postcodes import load_postcodes, note_places
from crm.types import PlaceData
from kernel import clock
from segments.models import Segment
from segments.queries.shops import list_shops
from segments.services.shops import start_push


def list_postcodes() -> str:
    """Return the page of postcodes, with some of a file and some of addresses."""
    load_postcodes(["country,postcode,lat,lng", "GB,SW1A 1AA,51.501,-0.1416"], clock.now())
    note_places([PlaceData("DE", "10115", 52.532, 13.384)], clock.now())
    return "settings/postcodes/"


def tell_a_shop() -> str:
    """Return the page of a segment whose members a shop is told of."""
    segment = Segment.objects.filter(kind="dynamic").order_by("-pk")[0]
    [shop, *_] = list_shops(segment.pk)
    start_push(segment.pk, shop.lane.store_id, tag="patron-news", actor="ada@example.com")
    return f"segments/{segment.pk}/"
