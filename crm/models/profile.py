"""Shoppers, the identifiers that point at them, and their computed figures."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Now

from crm.choices import ConsentState, IdentityKind
from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel

_NAMES_OF_DATES = (
    '$.keyvalue() ? (@.value like_regex "^[0-9]{4}-[0-9]{2}-[0-9]{2}|^-?-?[0-9]{2}-[0-9]{2}$").key'
)
"""Names of properties that begin with a day, as a path of PostgreSQL."""
_IS_LIVE = models.Q(merged_into__isnull=True, erased_at__isnull=True)


class Profile(TenantModel):
    """One resolved shopper, known or anonymous.

    A merged profile stays as an alias row for ever: ``merged_into`` names the winner.
    """

    email = models.TextField(default="", db_default="", blank=True)
    email_norm = models.TextField(default="", db_default="", blank=True)
    phone = models.TextField(default="", db_default="", blank=True)
    """E.164."""
    first_name = models.TextField(default="", db_default="", blank=True)
    last_name = models.TextField(default="", db_default="", blank=True)
    name_norm = models.TextField(default="", db_default="", blank=True)
    """Lower-case "first last", for search."""
    locale = models.TextField(default="", db_default="", blank=True)
    timezone = models.TextField(default="", db_default="", blank=True)
    country = models.TextField(default="", db_default="", blank=True)
    """ISO 3166-1 alpha-2."""
    region = models.TextField(default="", db_default="", blank=True)
    city = models.TextField(default="", db_default="", blank=True)
    postcode = models.TextField(default="", db_default="", blank=True)
    properties = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    dated = models.GeneratedField(
        expression=Func(
            F("properties"),
            Value(_NAMES_OF_DATES),
            function="jsonb_path_query_array",
            template="%(function)s(%(expressions)s::jsonpath)",
        ),
        output_field=models.JSONField(),
        db_persist=True,
    )
    """Names of the properties that are dates: who carries one is found by them."""
    tags = ArrayField(
        models.TextField(),
        default=list,
        db_default=models.Value([], ArrayField(models.TextField())),
        blank=True,
    )
    """What members call them, sorted; a store's own tags are a property."""
    email_consent = models.TextField(
        choices=ConsentState.choices, default=ConsentState.NEVER, db_default=ConsentState.NEVER
    )
    """Projection of the newest consent event of the e-mail channel; likewise the others."""
    email_consent_at = models.DateTimeField(null=True)
    sms_consent = models.TextField(
        choices=ConsentState.choices, default=ConsentState.NEVER, db_default=ConsentState.NEVER
    )
    sms_consent_at = models.DateTimeField(null=True)
    whatsapp_consent = models.TextField(
        choices=ConsentState.choices, default=ConsentState.NEVER, db_default=ConsentState.NEVER
    )
    whatsapp_consent_at = models.DateTimeField(null=True)
    push_consent = models.TextField(
        choices=ConsentState.choices, default=ConsentState.NEVER, db_default=ConsentState.NEVER
    )
    push_consent_at = models.DateTimeField(null=True)
    merged_into = TenantForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    erased_at = models.DateTimeField(null=True)
    source_version_at = models.DateTimeField(null=True)
    """Version of the newest customer record applied; an older one changes no field."""
    traits_at = models.DateTimeField(null=True)
    """When a site or app said the newest traits that were applied."""
    is_anonymous = models.BooleanField(default=False, db_default=False)
    """Whether only ids of browsers or devices point at it; lists of people leave it out."""
    created_at = models.DateTimeField(db_default=Now())
    """When the shopper was first known: the store's own date where it gives one."""
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="profile_created_idx"),
            models.Index(fields=["tenant", "email_norm"], name="profile_email_idx"),
            models.Index(
                fields=["tenant", "country", "-created_at", "-id"],
                name="profile_country_idx",
                condition=_IS_LIVE,
            ),
            models.Index(
                fields=["tenant", "email_consent", "-created_at", "-id"],
                name="profile_consent_idx",
                condition=_IS_LIVE,
            ),
            models.Index(
                fields=["tenant", "sms_consent", "-created_at", "-id"],
                name="profile_sms_consent_idx",
                condition=_IS_LIVE & ~models.Q(sms_consent=ConsentState.NEVER),
            ),
            models.Index(
                fields=["tenant", "whatsapp_consent", "-created_at", "-id"],
                name="profile_whatsapp_consent_idx",
                condition=_IS_LIVE & ~models.Q(whatsapp_consent=ConsentState.NEVER),
            ),
            models.Index(
                fields=["tenant", "push_consent", "-created_at", "-id"],
                name="profile_push_consent_idx",
                condition=_IS_LIVE & ~models.Q(push_consent=ConsentState.NEVER),
            ),
            # What the page about the data counts: few rows of many.
            models.Index(
                fields=["tenant", "-id"],
                name="profile_bad_email_idx",
                condition=_IS_LIVE & models.Q(properties__has_key="unusable_email"),
            ),
            models.Index(
                fields=["tenant", "-id"],
                name="profile_bad_phone_idx",
                condition=_IS_LIVE & models.Q(properties__has_key="unusable_phone"),
            ),
            models.Index(
                fields=["tenant", "-id"],
                name="profile_unreachable_idx",
                condition=_IS_LIVE & models.Q(email_norm="", phone="", is_anonymous=False),
            ),
            models.Index(
                fields=["tenant", "merged_into"],
                name="profile_merged_idx",
                condition=models.Q(merged_into__isnull=False),
            ),
            GinIndex(
                fields=["tenant", "name_norm"],
                opclasses=["int8_ops", "gin_trgm_ops"],
                name="profile_name_trgm_idx",
            ),
            GinIndex(
                fields=["tenant", "email_norm"],
                opclasses=["int8_ops", "gin_trgm_ops"],
                name="profile_email_trgm_idx",
            ),
            GinIndex(
                fields=["tenant", "dated"],
                opclasses=["int8_ops", "jsonb_path_ops"],
                name="profile_dated_idx",
                condition=~models.Q(dated=[]),
            ),
            GinIndex(
                fields=["tenant", "tags"],
                opclasses=["int8_ops", "array_ops"],
                name="profile_tags_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or f"#{self.pk}"


class Identity(TenantModel):
    """An identifier that points at a profile; at most one profile per identifier."""

    kind = models.TextField(choices=IdentityKind.choices)
    value_norm = models.TextField()
    """Lower-case address, E.164 number, ``<store id>:<customer id>``, device or anonymous id."""
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="identities")
    store = TenantForeignKey(Store, null=True, on_delete=models.CASCADE, related_name="+")
    is_shared = models.BooleanField(default=False, db_default=False)
    """Of a browser or device that several known people used: it says nobody any more."""
    first_seen_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "value_norm"], name="identity_value_uniq"
            )
        ]
        indexes = [models.Index(fields=["tenant", "profile"], name="identity_profile_idx")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value_norm}"


class ProfileMerge(TenantModel):
    """That two profiles were found to be one, with what is needed to undo it."""

    winner = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    loser = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    rule = models.TextField()
    """The identifier that both had, such as ``email``."""
    snapshot = models.JSONField(default=dict)
    """The loser's fields as they were."""
    moved_ids = models.JSONField(default=dict)
    """Ids of re-pointed rows by table."""
    merged_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "winner"], name="profilemerge_winner_idx")]

    def __str__(self) -> str:
        return f"{self.loser_id} into {self.winner_id}"


class ProfileFacts(TenantModel):
    """Computed figures, one wide row per profile, so that conditions filter at SQL speed.

    Owned by crm; loyalty (points), segments (RFM) and messaging (opens, clicks) write their own
    columns through `crm.services.facts`. All money is in the tenant's currency.
    """

    pk = models.CompositePrimaryKey("tenant_id", "profile_id")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    order_count = models.IntegerField(db_default=0)
    gross_minor = models.BigIntegerField(db_default=0)
    refunded_minor = models.BigIntegerField(db_default=0)
    net_minor = models.BigIntegerField(db_default=0)
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    days_between_orders = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    """Mean gap in days between first and last order; None with fewer than two orders."""
    categories = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    lookback_order_count = models.IntegerField(db_default=0)
    lookback_net_minor = models.BigIntegerField(db_default=0)
    lookback_from = models.DateTimeField(null=True)
    """Oldest document inside the RFM look-back; when it falls out the row is refreshed."""
    recency = models.SmallIntegerField(null=True)
    frequency = models.SmallIntegerField(null=True)
    monetary = models.SmallIntegerField(null=True)
    rfm_group = models.TextField(db_default="")
    points_balance = models.BigIntegerField(db_default=0)
    points_pending = models.BigIntegerField(db_default=0)
    """How many of them cannot be used yet."""
    points_expiring = models.BigIntegerField(db_default=0)
    """How many expire at ``points_expire_at``, the next time that any do; None: none ever."""
    points_expire_at = models.DateTimeField(null=True)
    loyalty_tier = models.TextField(db_default="")
    """Name; empty for none."""
    loyalty_rank = models.SmallIntegerField(db_default=0)
    """Of the tier, 1 the lowest; 0 for none."""
    tier_ends_at = models.DateTimeField(null=True)
    """When time alone takes it, if they do nothing more; None: never."""
    tier_after = models.TextField(db_default="")
    """Name of the tier that is left then; empty for none."""
    rank_after = models.SmallIntegerField(db_default=0)
    """Of that one; 0 for none."""
    last_opened_at = models.DateTimeField(null=True)
    last_clicked_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    last_viewed_at = models.DateTimeField(null=True)
    """When they last looked at a product."""
    last_carted_at = models.DateTimeField(null=True)
    last_checkout_at = models.DateTimeField(null=True)
    last_searched_at = models.DateTimeField(null=True)
    cart_at = models.DateTimeField(null=True)
    """When the cart that waits was last touched; None without one."""
    cart_minor = models.BigIntegerField(null=True)
    """What it is worth; None where nobody told, or in another currency."""
    first_touch = models.JSONField(null=True)
    last_touch = models.JSONField(null=True)
    open_ticket_count = models.IntegerField(db_default=0)
    last_ticket_at = models.DateTimeField(null=True)
    open_return_count = models.IntegerField(db_default=0)
    late_shipment_count = models.IntegerField(db_default=0)
    """Parcels that are late and have not arrived."""
    review_count = models.IntegerField(db_default=0)
    last_rating = models.SmallIntegerField(null=True)
    """Stars of the newest review, 1 to 5."""
    unhappy_review_count = models.IntegerField(db_default=0)
    """Negative reviews that nobody has answered."""
    payment_methods = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """Families of what paid for orders that count, sorted; likewise where they were placed."""
    order_channels = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    refreshed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "last_order_at"], name="facts_last_order_idx"),
            models.Index(fields=["tenant", "net_minor", "profile"], name="facts_net_idx"),
            models.Index(fields=["tenant", "order_count", "profile"], name="facts_orders_idx"),
            models.Index(
                fields=["tenant", "last_seen_at", "profile"],
                name="facts_seen_idx",
                condition=models.Q(last_seen_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "lookback_from"],
                name="facts_lookback_idx",
                condition=models.Q(lookback_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"facts of {self.profile_id}"
