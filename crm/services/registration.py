"""What this app fills into its own registries."""

from crm.panels import Panel, fill_filter, fill_panel, fill_words
from crm.queries import behaviour_words, care_words, words
from crm.queries.people_filters import FILTERS
from crm.services import catalog, refills, repointing, touches


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    fill_panel(Panel("timeline", "Timeline", "crm:timeline", 10))
    fill_panel(Panel("notes", "Notes", "crm:notes", 15))
    fill_panel(Panel("orders", "Orders", "crm:profile_orders", 20))
    fill_panel(Panel("service", "Service", "crm:profile_care", 25))
    fill_panel(Panel("consent", "Consent", "crm:consent", 70))
    fill_panel(Panel("merges", "Merges", "crm:merges", 80))
    fill_words("orders", "Orders", words.ORDER_EVENTS, words.speak_orders)
    fill_words("behaviour", "Site and app", behaviour_words.EVENTS, behaviour_words.speak)
    fill_words("service", "Service", care_words.CARE_EVENTS, care_words.speak_care)
    fill_words("profile", "Profile", words.PROFILE_EVENTS, words.speak_profile)
    fill_words("notes", "Notes", words.NOTE_EVENTS, words.speak_notes)
    for item in FILTERS:
        fill_filter(item)
    repointing.AFTER_MERGE.append(touches.refresh_merged)
    repointing.AFTER_PARTING.append(touches.refresh_merged)
    catalog.register()
    refills.register()
