"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class Kind(TextChoices):
    """What a file holds."""

    CUSTOMERS = "customers", "Customers"
    ORDERS = "orders", "Orders"
    CONSENT = "consent", "Consent"
    SUPPRESSIONS = "suppressions", "Suppressed addresses"
    EVENTS = "events", "Events"
    PRODUCTS = "products", "Products and variants"
    STOCK = "stock", "Stock"
    POINTS = "points", "Balances of points"


class Stage(TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    DISCARDING = "discarding"


class MoveStage(TextChoices):
    """How far a move from another tool is."""

    CHOOSING = "choosing"
    FETCHING = "fetching"
    WAITING = "waiting"
    PAUSED = "paused"
    FAILED = "failed"
    FETCHED = "fetched"
    CANCELLED = "cancelled"


class Outcome(TextChoices):
    """Why a row of a file was not taken; rows that were taken have none."""

    REFUSED = "refused"
    DUPLICATE = "duplicate"
