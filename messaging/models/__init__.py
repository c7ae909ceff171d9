"""The outbound edge: where mail goes through, what it says, and every message with its fate."""

from messaging.models.assets import Asset
from messaging.models.channels import ChannelAccount, ProviderCallback, Sender, SendingDomain
from messaging.models.content import Brand, Template
from messaging.models.coupons import Coupon, CouponCode, CouponRedemption, CouponTally
from messaging.models.deliveries import (
    DeliveryChange,
    DeliveryDay,
    DeliveryMark,
    DeliveryState,
)
from messaging.models.delivery import AccountHealth, RateLimit
from messaging.models.inbound import ReplyMailbox
from messaging.models.languages import TemplateVariant
from messaging.models.limits import FrequencyRule, SendingLimits
from messaging.models.link_domains import LinkDomain
from messaging.models.links import ShortLink
from messaging.models.messages import Message, Touch
from messaging.models.people import Preferences, Topic
from messaging.models.push import PushToken
from messaging.models.reputation import SendingGuard, WarmUp, WarmUpDay
from messaging.models.sender_rules import SenderRule
from messaging.models.signup import SignUpDay, SignUpForm, SignUpText, Submission
from messaging.models.spending import SpendDay
from messaging.models.stops import SendingStop
from messaging.models.utm import UtmSettings
from messaging.models.writing_help import WritingHelp

__all__ = [
    "AccountHealth",
    "Asset",
    "Brand",
    "ChannelAccount",
    "Coupon",
    "CouponCode",
    "CouponRedemption",
    "CouponTally",
    "DeliveryChange",
    "DeliveryDay",
    "DeliveryMark",
    "DeliveryState",
    "FrequencyRule",
    "LinkDomain",
    "Message",
    "Preferences",
    "ProviderCallback",
    "PushToken",
    "RateLimit",
    "ReplyMailbox",
    "Sender",
    "SenderRule",
    "SendingDomain",
    "SendingGuard",
    "SendingLimits",
    "SendingStop",
    "ShortLink",
    "SignUpDay",
    "SignUpForm",
    "SignUpText",
    "SpendDay",
    "Submission",
    "Template",
    "TemplateVariant",
    "Topic",
    "Touch",
    "UtmSettings",
    "WarmUp",
    "WarmUpDay",
    "WritingHelp",
]
