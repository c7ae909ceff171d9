"""What the channels of messages are called."""

from typing import Final

CHANNEL_WORDS: Final = {"email": "email", "sms": "SMS", "whatsapp": "WhatsApp", "push": "push"}
"""Inside a sentence, by channel."""
CHANNEL_LABELS: Final = {name: word[0].upper() + word[1:] for name, word in CHANNEL_WORDS.items()}
"""Alone, or at the beginning of a sentence."""
