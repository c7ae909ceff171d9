"""Who the shoppers of a tenant are and what they did."""

from crm.models.care import Return, Review, Ticket
from crm.models.cart import Cart, OrderHint
from crm.models.consent import ConsentEvent, Suppression
from crm.models.conversation import Conversation, ConversationMessage
from crm.models.duplicate import DuplicateSearch, MergeRules, ProbableDuplicate
from crm.models.event import Event, EventKey, Reaction
from crm.models.figures import (
    CatalogChange,
    CatalogCount,
    ProductFigures,
    RefillCycle,
    RefillPurchase,
)
from crm.models.flags import FlagRule
from crm.models.ignored import IgnoredFlaw
from crm.models.imports import ExchangeRate, ImportRun
from crm.models.note import Note
from crm.models.order import Order, OrderLine, Refund, Shipment
from crm.models.postcode import Postcode
from crm.models.product import Product, StockLevel, Variant, VariantChange
from crm.models.profile import (
    Identity,
    Profile,
    ProfileFacts,
    ProfileMerge,
)
from crm.models.questions import ProductQuestion
from crm.models.store import Store
from crm.models.tagging import Tag, TagBatch
from crm.models.touch import Touchpoint
from crm.models.views import ListPreference, SavedView

__all__ = [
    "Cart",
    "CatalogChange",
    "CatalogCount",
    "ConsentEvent",
    "Conversation",
    "ConversationMessage",
    "DuplicateSearch",
    "Event",
    "EventKey",
    "ExchangeRate",
    "FlagRule",
    "Identity",
    "IgnoredFlaw",
    "ImportRun",
    "ListPreference",
    "MergeRules",
    "Note",
    "Order",
    "OrderHint",
    "OrderLine",
    "Postcode",
    "ProbableDuplicate",
    "Product",
    "ProductFigures",
    "ProductQuestion",
    "Profile",
    "ProfileFacts",
    "ProfileMerge",
    "Reaction",
    "RefillCycle",
    "RefillPurchase",
    "Refund",
    "Return",
    "Review",
    "SavedView",
    "Shipment",
    "StockLevel",
    "Store",
    "Suppression",
    "Tag",
    "TagBatch",
    "Ticket",
    "Touchpoint",
    "Variant",
    "VariantChange",
]
