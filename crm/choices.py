"""Closed sets of words that the tables of this app store."""

from typing import Final

from django.db.models import TextChoices

API_STORE: Final = "API"
"""Name of the store that takes what names none, such as calls of sites and apps."""


class Platform(TextChoices):
    """What a store runs on: storefront software, or a tool for reviews or tickets beside it."""

    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    BIGCOMMERCE = "bigcommerce"
    MAGENTO = "magento"
    CUSTOM = "custom"
    JUDGEME = "judgeme"
    YOTPO = "yotpo"
    ZENDESK = "zendesk"
    GORGIAS = "gorgias"
    INTERCOM = "intercom"


STOREFRONTS = ("shopify", "woocommerce", "bigcommerce", "magento", "custom")
"""Platforms that shops run on; the others stand beside a shop."""
TOOLS = frozenset(
    {
        Platform.CUSTOM,
        Platform.JUDGEME,
        Platform.YOTPO,
        Platform.ZENDESK,
        Platform.GORGIAS,
        Platform.INTERCOM,
    }
)
"""What may speak of the orders and products of another store of the same merchant."""


class StoreStatus(TextChoices):
    """Whether a store still sends: the storefront removed the app, or the merchant cut it off."""

    CONNECTED = "connected"
    UNINSTALLED = "uninstalled"
    DISCONNECTED = "disconnected"


class IdentityKind(TextChoices):
    """What an identifier is; the first three are strong."""

    CUSTOMER_ID = "customer_id"
    EMAIL = "email"
    PHONE = "phone"
    DEVICE = "device"
    ANONYMOUS = "anonymous"


class DuplicateReason(TextChoices):
    """Why two profiles may be one shopper: what records claimed, then what a search found."""

    EMAIL = "email", "Claims the same email address"
    PHONE = "phone", "Claims the same phone number"
    CUSTOMER_ID = "customer_id", "The site called both the same user"
    DEVICE = "device", "The same device"
    ANONYMOUS = "anonymous", "The same browser"
    SAME_MAILBOX = "same_mailbox", "Both addresses reach one mailbox"
    EMAIL_TYPO = "email_typo", "One letter of the email address is different"
    SIMILAR_EMAIL = "similar_email", "The same name before the @ of the email address"
    SAME_PHONE = "same_phone", "The same phone number, written differently"
    NAME_AND_POSTCODE = "name_and_postcode", "The same name at the same postcode"
    NAME_AND_CITY = "name_and_city", "The same name in the same town"


class MergeRule(TextChoices):
    """Rules by which the merchant lets probable duplicates become one without a person."""

    SAME_MAILBOX = "same_mailbox", "One mailbox and the same name"
    TYPO_AT_HOME = "typo_at_home", "A typing error in the email domain, same name and postcode"
    PHONE_AT_HOME = "phone_at_home", "One phone number, same name and postcode"


class DuplicateStatus(TextChoices):
    """What became of a pair that may be one shopper."""

    OPEN = "open", "To decide"
    APART = "apart", "Not the same"
    MERGED = "merged", "Merged"


class Channel(TextChoices):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PUSH = "push"


class ConsentState(TextChoices):
    """Permission of one profile on one channel."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    NEVER = "never"
    WITHDRAWN = "withdrawn"


class SuppressionReason(TextChoices):
    """Why an address must not be contacted."""

    HARD_BOUNCE = "hard_bounce", "Bounced for good"
    SPAM_COMPLAINT = "spam_complaint", "Marked as spam"
    INVALID_ADDRESS = "invalid_address", "Not a working address"
    MANUAL = "manual", "Suppressed by hand"
    ERASED = "erased", "The person was erased"


class SuppressionScope(TextChoices):
    """Which messages a suppression stops."""

    ALL = "all", "Every message"
    PROMOTIONAL = "promotional", "Marketing"


class EventSource(TextChoices):
    """Where an event came from."""

    WEBHOOK = "webhook"
    IMPORT = "import"
    SYNC = "sync"
    API = "api"
    TRACKING = "tracking"
    SYSTEM = "system"


class ImportStatus(TextChoices):
    """Progress of an import."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class OrderChannel(TextChoices):
    """Where an order was placed."""

    ONLINE = "online", "Online shop"
    POS = "pos", "Point of sale"
    APP = "app", "App"
    DRAFT = "draft", "Draft order"
    OTHER = "other", "Another channel"


class CartStatus(TextChoices):
    """What became of a cart."""

    OPEN = "open", "Open"
    ABANDONED = "abandoned", "Abandoned"
    CONVERTED = "converted", "Bought"


class PaymentMethod(TextChoices):
    """How an order was paid, by family; nothing of a card is ever kept."""

    CARD = "card", "Card"
    PAYPAL = "paypal", "PayPal"
    WALLET = "wallet", "Wallet"
    BANK_TRANSFER = "bank_transfer", "Bank transfer"
    CASH_ON_DELIVERY = "cash_on_delivery", "Cash on delivery"
    PAY_LATER = "pay_later", "Pay later"
    GIFT_CARD = "gift_card", "Gift card"
    OTHER = "other", "Another method"


class InventoryPolicy(TextChoices):
    """Whether a variant may be bought once none is left."""

    DENY = "deny", "Stops selling"
    CONTINUE = "continue", "Backorder"


class ChangeOfVariant(TextChoices):
    """What changed of a variant; of stock only that it ran out or came back."""

    PRICE = "price", "Price"
    COMPARE_AT = "compare_at", "Compare-at price"
    STOCK = "stock", "Stock"


class ProductFlag(TextChoices):
    """What a product is, by a rule of the merchant or by hand."""

    CONSUMABLE = "consumable", "Consumable"
    TECHNICAL = "technical", "Technical"
    HIGH_VALUE = "high_value", "High value"


class StockState(TextChoices):
    """Whether a product can be bought as far as its stock goes; empty where nothing is counted."""

    IN = "in", "In stock"
    BACKORDER = "backorder", "Backorder"
    OUT = "out", "Out of stock"


class OrderState(TextChoices):
    """What became of an order, in one word; the first that holds."""

    TEST = "test", "Test"
    CANCELLED = "cancelled", "Cancelled"
    NOT_COUNTED = "not_counted", "Not counted"
    REFUNDED = "refunded", "Refunded"
    PARTIALLY_REFUNDED = "partially_refunded", "Partly refunded"
    PENDING = "pending", "Payment pending"
    PAID = "paid", "Paid"


class ShipmentState(TextChoices):
    """How far a parcel is, whatever the platform calls it; empty for a word that is not known."""

    PENDING = "pending", "Being packed"
    SHIPPED = "shipped", "On its way"
    OUT_FOR_DELIVERY = "out_for_delivery", "Out for delivery"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Delivery failed"
    RETURNED = "returned", "Sent back"
    CANCELLED = "cancelled", "Cancelled"


class ReturnStatus(TextChoices):
    """How far a return is; the first three are open."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    RECEIVED = "received", "Received"
    COMPLETED = "completed", "Completed"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"


class ReviewStatus(TextChoices):
    """Whether others can read a review."""

    PENDING = "pending", "Not published yet"
    PUBLISHED = "published", "Published"
    HIDDEN = "hidden", "Hidden"


class TicketStatus(TextChoices):
    """Whether somebody still waits for an answer; pending waits for the shopper."""

    OPEN = "open", "Open"
    PENDING = "pending", "Waits for them"
    RESOLVED = "resolved", "Resolved"


class Satisfaction(TextChoices):
    """What a shopper said of the answer to a ticket."""

    GOOD = "good", "Satisfied"
    BAD = "bad", "Not satisfied"


class PostcodeSource(TextChoices):
    """Who says where a postcode lies."""

    FILE = "file", "Your file"
    DERIVED = "derived", "The middle of the postcodes of your file that begin with it"
    ADDRESS = "address", "Addresses with coordinates"


class ConversationState(TextChoices):
    """Whether somebody still waits for an answer, or may."""

    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Direction(TextChoices):
    """Who wrote a message of a conversation."""

    IN = "in", "From them"
    OUT = "out", "From the merchant"


OPEN_RETURNS = (ReturnStatus.REQUESTED, ReturnStatus.APPROVED, ReturnStatus.RECEIVED)
OPEN_TICKETS = (TicketStatus.OPEN, TicketStatus.PENDING)
NEGATIVE_RATING = 2
"""Of 5 stars; that many or fewer make a review negative."""
