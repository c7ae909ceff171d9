"""What this app fills into its own registries and into those of the apps below."""

from crm.panels import Panel, fill_panel, fill_pause, fill_words
from crm.services.erasure import AFTER_ERASE, BEFORE_ERASE
from crm.services.repointing import REPOINTED, UNITED
from messaging.domain.showing import NAME
from messaging.gates import fill_gate
from messaging.inbound import fill_inbound
from messaging.panels import fill_losing
from messaging.queries import items, shelves, showing, signup, values, words
from messaging.queries import stock as goods
from messaging.services import (
    answers,
    coupon_redemptions,
    gating,
    losing,
    personal_links,
    wishes,
)
from messaging.services.erasure import forget_callbacks, redact_messages
from messaging.services.gates import (
    budget,
    frequency,
    quiet_hours,
    reviews,
    smart_sending,
    stock,
    sunset,
    unhappy,
)
from messaging.services.receiving import receive_mails
from messaging.services.texting import receive_texts
from messaging.variables import fill_variable

_OF_PROFILES = (
    "messaging_message",
    "messaging_touch",
    "messaging_submission",
    "messaging_pushtoken",
)
"""Tables whose rows follow their profile through a merge."""


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    _fill_gates()
    _fill_variables()
    coupon_redemptions.register()
    REPOINTED.extend((table, "profile_id") for table in _OF_PROFILES)
    UNITED.append("messaging.unite_preferences")
    BEFORE_ERASE.append(forget_callbacks)
    AFTER_ERASE.append(redact_messages)
    fill_panel(Panel("messages", "Messages", "messaging:profile_messages", 40))
    fill_pause(unhappy.find_pause)
    fill_words("messages", "Messages", words.EVENTS, words.speak_messages)
    fill_words("preferences", "Preferences", words.PREFERENCE_EVENTS, words.speak_preferences)
    fill_words("forms", "Forms", signup.EVENTS, signup.speak_submissions)
    _register_conversations()
    fill_losing(losing.count_flows)


def _fill_gates() -> None:
    fill_gate("profile", gating.profile_gate)
    fill_gate("store", gating.store_gate)
    fill_gate("address", gating.address_gate)
    fill_gate("suppression", gating.suppression_gate)
    fill_gate("consent", gating.consent_gate)
    fill_gate("preferences", wishes.preference_gate)
    fill_gate("sunset", sunset.sunset_gate)
    fill_gate("unhappy", unhappy.unhappy_gate)
    fill_gate("review", reviews.review_gate)
    fill_gate("budget", budget.budget_gate)
    fill_gate("smart_sending", smart_sending.smart_sending_gate)
    fill_gate("frequency", frequency.frequency_gate)
    fill_gate("quiet_hours", quiet_hours.quiet_hours_gate)
    fill_gate("stock", stock.stock_gate)
    fill_gate("lateness", gating.lateness_gate)
    fill_gate("sender", gating.sender_gate)
    fill_gate("sender_dns", gating.sender_dns_gate)
    fill_gate("channel", gating.channel_gate)


def _register_conversations() -> None:
    fill_inbound("email", receive_mails)
    fill_inbound("sms", receive_texts)
    fill_inbound("whatsapp", receive_texts)
    fill_variable("reply", answers.reply_values)
    fill_panel(Panel("conversations", "Conversations", "messaging:profile_conversations", 45))
    fill_words("conversations", "Conversations", words.INCOMING_EVENTS, words.speak_incoming)


def _fill_variables() -> None:
    fill_variable("person", values.person_values)
    fill_variable("store", values.store_values)
    fill_variable("order", values.order_values)
    fill_variable("event", values.event_values)
    fill_variable("items", items.item_values)
    fill_variable("brand", values.brand_values)
    fill_variable("low_stock_left", goods.low_stock_values)
    fill_variable("backordered_until", goods.backorder_values)
    fill_variable("vip_exclusive", goods.exclusive_values)
    fill_variable(NAME, showing.reader_values)
    fill_variable("exchanges", goods.exchange_values)
    fill_variable("products", shelves.product_values)
    fill_variable("reviews", shelves.review_values)
    fill_variable("questions", shelves.question_values)
    fill_variable("recommendations", shelves.recommendation_values)
    fill_variable("sender", personal_links.sender_values)
    fill_variable("unsubscribe_url", personal_links.unsubscribe_values)
    fill_variable("preferences_url", personal_links.preferences_values)
    fill_variable("rate_url", personal_links.rate_values)
    fill_variable("return_url", personal_links.return_values)
    fill_variable("confirm_url", personal_links.confirm_values)
    fill_variable("data_url", personal_links.copy_values)
