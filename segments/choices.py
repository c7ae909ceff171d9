"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class Cause(TextChoices):
    """Why a membership or a group changed."""

    EVENT = "event"
    TIME = "time"
    DEFINITION = "definition"
    IMPORT = "import"
    REFERENCE = "reference"
    MERGE = "merge"
    CATALOG = "catalog"
    MANUAL = "manual"
    AUDIT = "audit"


class RfmMode(TextChoices):
    """How scores are cut."""

    QUANTILE = "quantile"
    THRESHOLDS = "thresholds"


class PushForm(TextChoices):
    """What the members of a segment bear in a shop."""

    TAG = "tag", "Tag"
    METAFIELD = "metafield", "Metafield"


class SegmentKind(TextChoices):
    """Whether a rule or people decide who is in it."""

    DYNAMIC = "dynamic"
    STATIC = "static"
