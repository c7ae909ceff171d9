from django.urls import path

from messaging.views import (
    brand,
    channels,
    consent,
    domains,
    pages,
    panels,
    senders,
    suppressions,
    told,
    topics,
)

app_name = "messaging"

urlpatterns = [
    path("settings/brand/", brand.brand, name="brand"),
    path("settings/brand/preview/", brand.preview, name="brand_preview"),
    path("settings/brand/contrast/", brand.contrast_note, name="brand_contrast"),
    path("settings/brand/logo/remove/", brand.remove_logo, name="remove_logo"),
    path("settings/senders/", senders.sender_list, name="senders"),
    path("settings/senders/new/", senders.new_sender, name="new_sender"),
    path("settings/senders/<int:sender_id>/", senders.sender, name="sender"),
    path("settings/senders/<int:sender_id>/default/", senders.make_default, name="sender_default"),
    path("settings/senders/<int:sender_id>/verify/", senders.verify, name="sender_verify"),
    path("settings/senders/<int:sender_id>/remove/", senders.remove, name="sender_remove"),
    path("settings/channels/", channels.channel_list, name="channels"),
    path("settings/channels/new/", channels.connect, name="connect_channel"),
    path("settings/channels/<int:channel_id>/", channels.channel, name="channel"),
    path("settings/channels/<int:channel_id>/check/", channels.check, name="check_channel"),
    path(
        "settings/channels/<int:channel_id>/default/", channels.make_default, name="channel_default"
    ),
    path("settings/channels/<int:channel_id>/pause/", channels.pause, name="pause_channel"),
    path("settings/channels/<int:channel_id>/resume/", channels.resume, name="resume_channel"),
    path("settings/channels/<int:channel_id>/remove/", channels.remove, name="remove_channel"),
    path("settings/domains/", domains.add, name="add_domain"),
    path("settings/domains/<int:domain_id>/", domains.domain, name="domain"),
    path("settings/domains/<int:domain_id>/state/", domains.state, name="domain_state"),
    path("settings/domains/<int:domain_id>/check/", domains.check, name="check_domain"),
    path("settings/domains/<int:domain_id>/remove/", domains.remove, name="remove_domain"),
    path("settings/topics/", topics.topic_list, name="topics"),
    path("settings/topics/new/", topics.new_topic, name="new_topic"),
    path("settings/topics/<int:topic_id>/", topics.topic, name="topic"),
    path("settings/topics/<int:topic_id>/remove/", topics.remove, name="remove_topic"),
    path("messages/", pages.message_list, name="list"),
    path("messages/suppressions/", suppressions.suppression_list, name="suppressions"),
    path("messages/callbacks/", told.callback_list, name="callbacks"),
    path("messages/suppressions/add/", suppressions.add, name="suppress"),
    path(
        "messages/suppressions/<int:suppression_id>/end/",
        suppressions.end,
        name="end_suppression",
    ),
    path("messages/<int:message_id>/", pages.message_detail, name="detail"),
    path("messages/<int:message_id>/body/", pages.message_body, name="body"),
    path("messages/<int:message_id>/retry/", pages.retry_message, name="retry"),
    path("profiles/<int:profile_id>/consent/ask/", consent.ask, name="ask_consent"),
    path("profiles/<int:profile_id>/messages/", panels.profile_messages, name="profile_messages"),
]
