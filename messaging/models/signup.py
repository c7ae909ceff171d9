"""Sign-up forms: what they say and ask, how often they are seen, and what people sent."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import FormKind, FormStatus
from messaging.models.people import Topic


class SignUpForm(TenantModel):
    """A form of the merchant's site: in a page, as a pop-up, or a page of its own."""

    key = models.TextField()
    """Random part of its public key."""
    name = models.TextField()
    """For members alone, and the source of a subscriber."""
    kind = models.TextField(choices=FormKind.choices)
    status = models.TextField(choices=FormStatus.choices, default=FormStatus.DRAFT)
    title = models.TextField()
    text = models.TextField(default="")
    button = models.TextField()
    questions = models.JSONField(default=list)
    """As `messaging.domain.signup.Question` is written."""
    channels = ArrayField(models.TextField(), default=list)
    """What consent is asked for: ``email``, ``sms``; none: the form only asks."""
    consent_text = models.TextField(default="")
    consent_version = models.IntegerField(default=0)
    """Of the text; 0: there never was one."""
    has_consent_box = models.BooleanField(default=False)
    """Whether a box must be ticked; otherwise the button agrees to the text beside it."""
    topic = TenantForeignKey(Topic, on_delete=models.SET_NULL, null=True, related_name="+")
    is_double_opt_in = models.BooleanField(default=True)
    success_title = models.TextField()
    success_text = models.TextField(default="")
    success_code = models.TextField(default="")
    """A discount code that is shown at the end; empty for none."""
    rules = models.JSONField(default=dict)
    """As `messaging.domain.signup.ShowRules` is written."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)
    """Deleted for members and the world; the row stays for what was agreed to on it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="signupform_key_uniq")
        ]

    def __str__(self) -> str:
        return self.name


class SignUpText(TenantModel):
    """One version of the words that people agreed to on a form; never changed."""

    form = TenantForeignKey(SignUpForm, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "form", "version"], name="signuptext_version_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.form_id} v{self.version}"


class SignUpDay(TenantModel):
    """How often a form was seen and sent on one day of the tenant's calendar; of nobody."""

    form = TenantForeignKey(SignUpForm, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    views = models.IntegerField(db_default=0)
    submissions = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "form", "day"], name="signupday_day_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.form_id} {self.day}"


class Submission(TenantModel):
    """What somebody sent on a form, once for each key that their browser made."""

    form = TenantForeignKey(SignUpForm, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, null=True, related_name="+")
    answers = models.JSONField(default=dict)
    """By question, typed: text, number, true or false, ISO date, or list of texts."""
    consents = models.JSONField(default=dict)
    """By channel: ``subscribed``, ``asked``, ``kept``, ``refused``."""
    consent_version = models.IntegerField(db_default=0)
    source = models.TextField(db_default="")
    """Where they came from, such as ``google``; ``direct`` where nothing says."""
    source_url = models.TextField(db_default="")
    """The page, without its query."""
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "form", "key"], name="submission_key_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "form", "-submitted_at", "-id"], name="submission_form_idx"
            ),
            models.Index(fields=["tenant", "profile"], name="submission_profile_idx"),
        ]

    def __str__(self) -> str:
        return str(self.key)
