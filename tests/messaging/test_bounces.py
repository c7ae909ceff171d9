"""Each cell of the table of hard and soft bounces, in the words of each provider."""

from typing import Any

import pytest

from messaging.domain.bounces import read_meaning

HARD, SOFT, BLOCKED, SPAM = "bounced_hard", "bounced_soft", "blocked", "complained"

Case = tuple[str, str, dict[str, Any], str]


def ses(how: str, why: str = "General") -> dict[str, Any]:
    return {"eventType": "Bounce", "bounce": {"bounceType": how, "bounceSubType": why}}


def postmark(kind: str, record: str = "Bounce") -> dict[str, Any]:
    return {"RecordType": record, "Type": kind}


def mailgun(severity: str, reason: str, code: int = 550) -> dict[str, Any]:
    data = {"event": "failed", "severity": severity, "reason": reason}
    return {"event-data": {**data, "delivery-status": {"code": code}}}


def sparkpost(code: str, kind: str = "bounce") -> dict[str, Any]:
    return {"msys": {"message_event": {"type": kind, "bounce_class": code}}}


def mailjet(kind: str = "bounce", **more: Any) -> dict[str, Any]:
    return {"event": kind, "hard_bounce": False, "blocked": False, **more}


def resend(message: str, **more: Any) -> dict[str, Any]:
    return {"type": "email.bounced", "data": {"bounce": {"message": message, **more}}}


CASES: list[Case] = [
    ("ses", "bounced", ses("Permanent"), HARD),
    ("ses", "bounced", ses("Permanent", "OnAccountSuppressionList"), HARD),
    ("ses", "bounced", ses("Transient"), SOFT),
    ("ses", "bounced", ses("Transient", "MailboxFull"), SOFT),
    ("ses", "bounced", ses("Undetermined", "Undetermined"), SOFT),
    ("ses", "bounced", ses("Transient", "MessageTooLarge"), BLOCKED),
    ("ses", "bounced", ses("Transient", "ContentRejected"), BLOCKED),
    ("ses", "bounced", ses("Transient", "AttachmentRejected"), BLOCKED),
    ("ses", "rejected", {"eventType": "Reject", "reject": {"reason": "Bad content"}}, BLOCKED),
    ("ses", "complained", {"notificationType": "Complaint"}, SPAM),
    ("postmark", "bounced", postmark("HardBounce"), HARD),
    ("postmark", "rejected", postmark("BadEmailAddress"), HARD),
    ("postmark", "bounced", postmark("SoftBounce"), SOFT),
    ("postmark", "deferred", postmark("Transient"), SOFT),
    ("postmark", "deferred", postmark("DnsError"), SOFT),
    ("postmark", "rejected", postmark("Blocked"), BLOCKED),
    ("postmark", "rejected", postmark("DMARCPolicy"), BLOCKED),
    ("postmark", "rejected", postmark("ManuallyDeactivated"), BLOCKED),
    ("postmark", "complained", postmark("SpamNotification"), SPAM),
    ("postmark", "complained", postmark("SpamComplaint", "SpamComplaint"), SPAM),
    ("brevo", "bounced", {"event": "hard_bounce"}, HARD),
    ("brevo", "bounced", {"event": "invalid_email"}, HARD),
    ("brevo", "bounced", {"event": "soft_bounce"}, SOFT),
    ("brevo", "deferred", {"event": "deferred"}, SOFT),
    ("brevo", "rejected", {"event": "blocked"}, BLOCKED),
    ("brevo", "complained", {"event": "spam"}, SPAM),
    ("mailgun", "bounced", mailgun("permanent", "bounce"), HARD),
    ("mailgun", "bounced", mailgun("permanent", "suppress-bounce", 605), HARD),
    ("mailgun", "deferred", mailgun("temporary", "generic", 498), SOFT),
    ("mailgun", "bounced", mailgun("permanent", "generic"), BLOCKED),
    ("mailgun", "bounced", mailgun("permanent", "generic", 605), BLOCKED),
    ("mailgun", "bounced", mailgun("permanent", "suppress-complaint", 607), BLOCKED),
    ("mailgun", "bounced", {"event": "bounced", "code": "550"}, HARD),
    ("mailgun", "bounced", {"event": "bounced", "code": "5.1.1"}, HARD),
    ("mailgun", "bounced", {"event": "bounced", "code": "452"}, SOFT),
    ("mailgun", "rejected", {"event": "dropped", "code": "605"}, BLOCKED),
    ("mailgun", "rejected", {"event": "dropped", "code": "607"}, BLOCKED),
    ("mailgun", "rejected", {"event": "dropped", "code": "499"}, SOFT),
    *[("sparkpost", "bounced", sparkpost(code), HARD) for code in ("10", "30", "90")],
    *[("sparkpost", "bounced", sparkpost(code, "out_of_band"), HARD) for code in ("10", "30")],
    *[
        ("sparkpost", "bounced", sparkpost(code), SOFT)
        for code in ("20", "21", "22", "23", "24", "40", "70")
    ],
    *[
        ("sparkpost", "bounced", sparkpost(code), BLOCKED)
        for code in ("25", "50", "51", "52", "53", "54", "1")
    ],
    ("mailjet", "bounced", mailjet(hard_bounce=True, error="user unknown"), HARD),
    ("mailjet", "bounced", mailjet(hard_bounce=True, blocked=True), HARD),
    ("mailjet", "bounced", mailjet(error="quota exceeded"), SOFT),
    ("mailjet", "deferred", mailjet(error="greylisted"), SOFT),
    ("mailjet", "bounced", mailjet(blocked=True), BLOCKED),
    ("mailjet", "rejected", mailjet("blocked", error="preblocked"), BLOCKED),
    ("mailjet", "bounced", mailjet(hard_bounce=True, error_related_to="spam"), BLOCKED),
    ("mailjet", "bounced", mailjet(error_related_to="content"), BLOCKED),
    ("resend", "bounced", resend("The provider sent a hard bounce message."), HARD),
    ("resend", "bounced", resend("The provider sent a general bounce message."), SOFT),
    ("resend", "bounced", resend("Sending to it is suppressed for now."), BLOCKED),
    ("resend", "bounced", resend("Gone.", type="Permanent", subType="Suppressed"), BLOCKED),
    ("resend", "bounced", resend("Gone.", type="Permanent", subType="General"), HARD),
    ("resend", "bounced", resend("Later.", type="Transient", subType="MailboxFull"), SOFT),
    ("resend", "bounced", resend("Something else."), BLOCKED),
    ("mailersend", "bounced", {"data": {"type": "hard_bounced"}}, HARD),
    ("mailersend", "bounced", {"data": {"type": "soft_bounced"}}, SOFT),
    ("mailersend", "rejected", {"data": {"type": "suppressed"}}, BLOCKED),
]


@pytest.mark.covers("C8")
@pytest.mark.parametrize(("provider", "word", "event", "kind"), CASES)
def test_a_bounce_means_what_the_provider_says(
    provider: str, word: str, event: dict[str, Any], kind: str
) -> None:
    assert read_meaning(provider, word, event).kind == kind


@pytest.mark.parametrize(
    ("provider", "word", "event", "kind"),
    [
        ("ses", "unknown", {"eventType": "DeliveryDelay"}, "deferred"),
        ("ses", "failed", {"eventType": "Rendering Failure"}, "failed"),
        (
            "ses",
            "unknown",
            {
                "eventType": "Subscription",
                "subscription": {"newTopicPreferences": {"unsubscribeAll": True}},
            },
            "unsubscribed",
        ),
        (
            "postmark",
            "bounced",
            {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "HardBounce",
            },
            HARD,
        ),
        (
            "postmark",
            "unsubscribed",
            {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
            },
            "unsubscribed",
        ),
        ("resend", "deferred", {"type": "email.delivery_delayed"}, "deferred"),
        ("mailjet", "delivered", {"event": "sent"}, "delivered"),
        ("sparkpost", "deferred", sparkpost("21", "delay"), "deferred"),
        ("sparkpost", "unsubscribed", sparkpost("", "link_unsubscribe"), "unsubscribed"),
    ],
)
def test_what_is_no_bounce_is_not_read_as_one(
    provider: str, word: str, event: dict[str, Any], kind: str
) -> None:
    assert read_meaning(provider, word, event).kind == kind


@pytest.mark.parametrize(
    ("provider", "word", "event"),
    [
        ("postmark", "subscribed", {"RecordType": "SubscriptionChange", "SuppressSending": False}),
        ("postmark", "autoresponded", postmark("AutoResponder")),
        ("sparkpost", "autoresponded", sparkpost("60")),
        ("sparkpost", "subscribed", sparkpost("80")),
        ("ses", "unknown", {"eventType": "Subscription", "subscription": {}}),
        ("brevo", "queued", {"event": "request"}),
        ("brevo", "unknown", {}),
    ],
)
def test_what_changes_nothing_is_left_out(provider: str, word: str, event: dict[str, Any]) -> None:
    assert read_meaning(provider, word, event).kind is None


@pytest.mark.parametrize("event", [{}, {"bounce": "text"}, {"data": None}, {"msys": []}])
@pytest.mark.parametrize(
    "provider", ["ses", "postmark", "brevo", "mailgun", "sparkpost", "mailjet", "resend"]
)
def test_a_bounce_without_its_parts_suppresses_nobody(provider: str, event: dict[str, Any]) -> None:
    assert read_meaning(provider, "bounced", event).kind in (BLOCKED, SOFT)
