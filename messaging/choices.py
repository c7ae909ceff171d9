"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class MessageClass(TextChoices):
    """What a message is for; decides which gates it passes."""

    PROMOTIONAL = "promotional"
    BEHAVIOURAL = "behavioural"
    TRANSACTIONAL = "transactional"
    SAFETY = "safety"
    SERVICE = "service"


URGENT = (
    MessageClass.TRANSACTIONAL.value,
    MessageClass.SAFETY.value,
    MessageClass.SERVICE.value,
)
"""Classes that leave before all others, and once more when nobody knows whether they were taken."""


class MessageStatus(TextChoices):
    """Where a message stands. All are final but ``pending`` and ``sending``."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Frequency(TextChoices):
    """How often at most somebody wants promotional messages."""

    ALL = "all", "As they come"
    WEEKLY = "weekly", "At most once a week"
    MONTHLY = "monthly", "At most once a month"


class Audience(TextChoices):
    """Whom a frequency rule is for."""

    ALL = "all", "Everybody"
    ENGAGED = "engaged", "People who are engaged"
    UNENGAGED = "unengaged", "People who are not engaged"


class Outcome(TextChoices):
    """What became of a message: its status, and of a sent one how far it got."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    CLICKED = "clicked", "Clicked"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Marked as spam"
    SKIPPED = "skipped", "Skipped"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome unknown"
    CANCELLED = "cancelled", "Cancelled"


WHATSAPP_CATEGORIES = ("marketing", "utility", "authentication")
"""What Meta approves a template as; it writes them in capitals here and there."""
ASKS_FOR_REVIEW = "review request"
"""Tag of a template that asks for a review: about one order a person gets one such message."""


class SkipReason(TextChoices):
    """Why a message was not sent; the order is the order of the gates."""

    HELD = "held", "Paused by your team"
    CANCELLED = "cancelled", "Cancelled by your team"
    EXIT_CONDITION = "exit_condition", "An exit condition of the flow is met"
    FLOW_FILTER = "flow_filter", "No longer matches the filter of the flow"
    DISCOUNT = "discount", "Your best customers get no mass discounts"
    PROFILE_ERASED = "profile_erased", "The profile was erased"
    STORE_UNINSTALLED = "store_uninstalled", "The store is no longer connected"
    ADDRESS_MISSING = "address_missing", "No address on this channel"
    ADDRESS_INVALID = "address_invalid", "The address is not valid"
    SUPPRESSED = "suppressed", "The address is suppressed"
    NO_CONSENT = "no_consent", "No marketing consent on this channel"
    TOPIC_REFUSED = "topic_refused", "The person does not want this topic"
    PAUSED = "paused", "The person asked for a pause"
    TOO_OFTEN = "too_often", "The person wants messages less often"
    SUNSET = "sunset", "Has shown no interest for very long"
    UNHAPPY = "unhappy", "Something is unresolved with this person"
    REVIEW_ASKED = "review_asked", "Was asked for a review of this order already"
    BUDGET = "budget", "Another message was worth more of the person's attention"
    SMART_SENDING = "smart_sending", "Got a promotional message a short while ago"
    FREQUENCY_CAP = "frequency_cap", "Got as many messages as the rules allow"
    FLOOD = "flood", "Far too many messages in three days"
    QUIET_HOURS = "quiet_hours", "It is quiet time where the person is"
    OUT_OF_STOCK = "out_of_stock", "What it is about is out of stock"
    TOO_LATE = "too_late", "The moment has passed"
    SENDER_MISSING = "sender_missing", "No sender is set up"
    SENDER_DNS = "sender_dns", "The sender's domain fails DKIM or DMARC"
    CHANNEL_MISSING = "channel_missing", "No account is set up for this channel"
    RATE = "rate", "Waits for its turn: as many as may leave are on their way"
    WARM_UP = "warm_up", "Waits for its day in the warm-up of the sender"
    RENDER_ERROR = "render_error", "The template could not be rendered"
    NO_COUPON = "no_coupon", "There is no coupon code left"


class ReasonClass(TextChoices):
    """What a reason not to send means for the merchant."""

    HEALTHY = "healthy", "Healthy"
    LOOK = "look", "Worth a look"
    HARMFUL = "harmful", "Harmful"


class FailReason(TextChoices):
    """Why a message that passed every gate did not arrive, or is not known to have."""

    REJECTED = "rejected", "The mail server refused it for good"
    TRIES_USED_UP = "tries_used_up", "The mail server put it off too many times"
    GATE_ERROR = "gate_error", "A check before sending broke"
    OUTCOME_UNKNOWN = "outcome_unknown", "Handed over, but nobody knows whether it was taken"
    BOUNCED_HARD = "bounced_hard", "The address takes no messages any more"
    BOUNCED_SOFT = "bounced_soft", "It could not be delivered this time"
    BLOCKED = "blocked", "Refused for what it says or who sends it"
    UNDELIVERED = "undelivered", "The provider could not deliver it"


class TouchKind(TextChoices):
    """What happened to a message after it left."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class CallbackKind(TextChoices):
    """What a provider told of a message, or of one that came in."""

    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"
    DEFERRED = "deferred", "Put off"
    BOUNCED_HARD = "bounced_hard", "Bounced for good"
    BOUNCED_SOFT = "bounced_soft", "Bounced for now"
    BLOCKED = "blocked", "Blocked for its content or reputation"
    COMPLAINED = "complained", "Marked as spam"
    FAILED = "failed", "Failed"
    OPENED = "opened", "Opened"
    CLICKED = "clicked", "Clicked"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    INBOUND = "inbound", "Came in"
    REFUSED = "refused", "Refused"


class CallbackStatus(TextChoices):
    """Where a callback stands. ``ignored`` and ``failed`` carry their reason."""

    PENDING = "pending", "Waiting"
    APPLIED = "applied", "Applied"
    IGNORED = "ignored", "Ignored"
    FAILED = "failed", "Failed"


class FormKind(TextChoices):
    """Where a sign-up form stands."""

    EMBEDDED = "embedded", "In a page"
    POPUP = "popup", "Pop-up"
    PAGE = "page", "A page of its own"


class FormStatus(TextChoices):
    """Whether a sign-up form is shown to anybody."""

    DRAFT = "draft"
    LIVE = "live"


class QuestionKind(TextChoices):
    """What a question of a sign-up form takes; the first four are the same for all forms."""

    EMAIL = "email", "Email address"
    PHONE = "phone", "Phone number"
    FIRST_NAME = "first_name", "First name"
    BIRTHDAY = "birthday", "Birthday"
    TEXT = "text", "A line of text"
    NUMBER = "number", "A number"
    DATE = "date", "A date"
    CHOICE = "choice", "One of several"
    CHOICES = "choices", "Any of several"
    YES_NO = "yes_no", "Yes or no"


class CouponKind(TextChoices):
    """Where the codes of a coupon come from."""

    STATIC = "static", "One code for everybody"
    POOL = "pool", "A list of codes that you upload"
    GENERATED = "generated", "A code of their own for each person, made in the shop"


class CouponStatus(TextChoices):
    """Whether codes are given out."""

    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"


class Offer(TextChoices):
    """What a code gives."""

    PERCENT = "percent", "Per cent off"
    AMOUNT = "amount", "Amount off"
    FREE_SHIPPING = "free_shipping", "Free shipping"
    BUNDLE = "bundle", "Bundle"
    FREE_PRODUCT = "free_product", "Free product"


class CouponScope(TextChoices):
    """For what somebody gets a code of their own; within it they get the same one again."""

    PROFILE = "profile", "One code per person"
    RUN = "run", "One code per run of a flow or campaign"
    MESSAGE = "message", "One code per message"


class WhenOut(TextChoices):
    """What becomes of a message when no code is left for it."""

    FALLBACK = "fallback", "Send it with other words"
    HOLD = "hold", "Let it wait until there are codes"
    SKIP = "skip", "Do not send it"


class CodeStatus(TextChoices):
    """Where a code stands. ``available`` and ``released`` are given out next."""

    WAITING = "waiting", "Being made in the shop"
    REFUSED = "refused", "Refused by the shop"
    AVAILABLE = "available", "Left"
    CLAIMED = "claimed", "In a message"
    SENT = "sent", "Sent"
    REDEEMED = "redeemed", "Redeemed"
    EXPIRED = "expired", "Expired"
    RELEASED = "released", "Given back"


FREE = (CodeStatus.AVAILABLE.value, CodeStatus.RELEASED.value)
HELD = (CodeStatus.CLAIMED.value, CodeStatus.SENT.value)
"""Somebody has it and can use it."""


class LimitKind(TextChoices):
    """What a rate limit counts."""

    TENANT = "tenant", "All mail"
    DOMAIN = "domain", "Mail from a domain"
    MAILBOX = "mailbox", "Mail to a provider of mailboxes"
    ACCOUNT = "account", "Messages over an account"


class StopKind(TextChoices):
    """What becomes of the messages that somebody stops."""

    PAUSE = "pause", "Paused"
    CANCEL = "cancel", "Cancelled"


class StopScope(TextChoices):
    """Which messages somebody stops."""

    EVERYTHING = "everything", "Everything, also about orders"
    MARKETING = "marketing", "All marketing, reminders included"
    PROMOTIONS = "promotions", "All promotions"
    FLOW = "flow", "One flow"
    TEMPLATE = "template", "One template"
    CAMPAIGN = "campaign", "One campaign"
    CHANNEL = "channel", "One channel"


class GuardLevel(TextChoices):
    """How it stands with what mailbox providers hold against a sender; empty: well."""

    WARN = "warn", "Worth a look"
    STOP = "stop", "Promotions are paused"
