"""The pages of senders and channels: what a `Page` is made of."""

from typing import Final

SENDER_PAGES: Final = (
    ("settings/writing-help/", "get", "settings.manage"),
    ("settings/channels/", "get", "settings.manage"),
    ("settings/channels/new/", "get", "settings.manage"),
    ("settings/channels/<int:channel_id>/", "get", "settings.manage"),
    ("settings/channels/<int:channel_id>/prices/", "post", "settings.manage"),
    ("settings/channels/<int:channel_id>/check/", "post", "settings.manage"),
    ("settings/channels/<int:channel_id>/default/", "post", "settings.manage"),
    ("settings/channels/<int:channel_id>/pause/", "post", "settings.manage"),
    ("settings/channels/<int:channel_id>/resume/", "post", "settings.manage"),
    ("settings/channels/<int:channel_id>/remove/", "post", "settings.manage"),
    ("settings/senders/", "get", "settings.manage"),
    ("settings/senders/new/", "get", "settings.manage"),
    ("settings/senders/for/", "get", "settings.manage"),
    ("settings/senders/rules/new/", "get", "settings.manage"),
    ("settings/senders/rules/<int:sender_rule_id>/move/", "post", "settings.manage"),
    ("settings/senders/rules/<int:sender_rule_id>/remove/", "post", "settings.manage"),
    ("settings/senders/<int:sender_id>/", "get", "settings.manage"),
    ("settings/senders/<int:sender_id>/default/", "post", "settings.manage"),
    ("settings/senders/<int:sender_id>/verify/", "post", "settings.manage"),
    ("settings/senders/<int:sender_id>/remove/", "post", "settings.manage"),
)
