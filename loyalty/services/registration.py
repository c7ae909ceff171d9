"""What this app fills into the registries of the apps below."""

from crm.panels import OrderPart, Panel, fill_order_part, fill_panel, fill_words
from crm.services.erasure import AFTER_ERASE
from crm.services.people_back import DERIVED, USED
from crm.services.taking_back import REVALUED
from loyalty.queries import ledger as queries
from loyalty.queries.in_mails import find_tiers, list_tier_choices, loyalty_values
from loyalty.services.accrual import post_for_history
from loyalty.services.erasure import forget_reasons
from messaging.panels import SenderTrait, fill_sender_trait
from messaging.variables import fill_variable


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    fill_panel(Panel("points", "Points", "loyalty:profile_points", 60))
    fill_order_part(OrderPart("points", "Points", "loyalty:order_points", 10))
    AFTER_ERASE.append(forget_reasons)
    DERIVED.update(
        {
            "loyalty_pointsaccount",
            "loyalty_pointsentry",
            "loyalty_pointslot",
            "loyalty_tierchange",
        }
    )
    USED.append(queries.find_with_points)
    REVALUED.append(post_for_history)
    fill_variable("loyalty", loyalty_values)
    fill_sender_trait(SenderTrait("tier", "Loyalty tier", list_tier_choices, find_tiers))
    fill_words("points", "Points", queries.EVENTS, queries.speak_points)
