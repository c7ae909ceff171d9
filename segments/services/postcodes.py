"""Where postcodes lie: whoever is asked for by a distance is decided anew when it changes."""

from collections.abc import Iterable

from django.db import transaction

from crm.services.postcodes import LoadedPostcodes, load_postcodes
from kernel import clock
from segments.domain.places import asks_places
from segments.queries.conditions import list_definitions
from segments.services.upkeep import lock_upkeep, redefine
from tenants.services import audit


@transaction.atomic
def upload_postcodes(lines: Iterable[str], *, country: str, actor: str) -> LoadedPostcodes:
    """Take over where a file says that postcodes lie, and have everybody near a place decided anew.

    Nothing happened in anybody's life: entries and exits by it are kept and not told, as those by
    another definition.

    Args:
        lines: CSV or GeoNames' layout, decoded.
        country: ISO 3166-1 alpha-2, of lines that name none; empty where each does.
        actor: e-mail address of the member, or ``system``.

    Raises:
        Invalid: nothing in it can be used; nothing was changed.
    """
    loaded = load_postcodes(lines, clock.now(), country=country)
    lock_upkeep()  # after the rows of postcodes, as whoever applies orders
    trees = list_definitions(are_all_asked=True)
    if asked := [key for key, tree in trees.items() if asks_places(tree)]:
        redefine(asked)
    after = {"postcodes": loaded.read, "countries": ", ".join(sorted(loaded.countries))}
    audit.record("postcodes.loaded", "postcode", "", after=after, actor=actor)
    return loaded
