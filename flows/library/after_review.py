"""What follows a review, whatever tool it was written in: thanks and points, or recovery."""

from typing import Any, Final

from flows.library import base, parts, steps
from flows.library.review_request import LOOKED_AFTER

THANKS: Final = base.Mail(
    "library_review_thanks",
    "After a good review: thanks, points, a photo",
    base.SERVICE_CLASS,
    "Thank you for your review",
    "50 points are yours. Have you got a photo?",
    (
        parts.heading("Thank you"),
        parts.words(
            parts.HELLO,
            "You gave {% if event.rating %}{{ event.rating }} stars{% else %}good stars{% endif %}"
            "{% if event.title and event.title != '' %} and said “{{ event.title }}”{% endif %}. "
            "It makes our day, and it helps those who are still choosing. 50 points are on your "
            "account.",
            "Have you got a photo of it in use? Reply with it, and say whether we may show it "
            "with your first name. The best ones come onto our site.",
        ),
        parts.points("See what they are worth"),
    ),
)
HEARD: Final = base.Mail(
    "library_review_heard",
    "After a middling review: what is missing?",
    base.SERVICE_CLASS,
    "Thank you. What would have made it better?",
    "One sentence is enough.",
    (
        parts.heading("What would have made it better?"),
        parts.words(
            parts.HELLO,
            "Thank you for your review. It reads as if something was missing. Reply with one "
            "sentence on what it was: we read it, and change what we can.",
        ),
    ),
)
RECOVERY: Final = base.Mail(
    "library_review_recovery",
    "After a bad review: we make it good",
    base.SERVICE_CLASS,
    "We read your review. Let us make it good",
    "Somebody of us looks at it now.",
    (
        parts.heading("This should not have happened"),
        parts.words(
            parts.HELLO,
            "We read what you said{% if event.title and event.title != '' %}: “{{ event.title }}”"
            "{% endif %}. We are sorry.",
            "Somebody of our team looks at it now and gets in touch with you. Would you rather "
            "have an exchange, your money back, or something else? Reply with a word, and it is "
            "done sooner.",
        ),
    ),
)


def _build(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        {"event": "Review Submitted"},
        {
            "stars": steps.branches(
                ("Good", steps.is_field("last_review_rating", ">=", 4), "points"),
                ("Bad", steps.is_field("last_review_rating", "<=", 2), "asked"),
                otherwise="heard",
            ),
            "points": steps.act("points", "pause", points=50, note="Thank you for your review"),
            "pause": steps.delay(1, "days", "thanks"),
            "thanks": steps.message(THANKS, "thanked"),
            "heard": steps.message(HEARD, "listened"),
            "asked": steps.split(
                steps.happened(
                    "Message Sent",
                    days=21,
                    where=[{"property": "tags", "is": "=", "value": LOOKED_AFTER}],
                ),
                yes="cared_for",
                no="recovery",
            ),
            "recovery": steps.message(RECOVERY, "support"),
            "support": steps.task(
                "Make it good: they wrote a bad review", done="settle", over="open", days=14
            ),
            "settle": steps.act("answer_reviews", "settled"),
            "thanked": steps.end("thanked"),
            "listened": steps.end("asked what was missing"),
            "cared_for": steps.end("the review request looks after it"),
            "settled": steps.end("settled by support"),
            "open": steps.end("support did not get to it"),
        },
        reentry={"policy": "after", "n": 1, "unit": "days"},
    )


FLOW: Final = base.LibraryFlow(
    key="after_review",
    name="After a review",
    rows=("F27",),
    group=base.AFTER,
    icon="chat",
    description="Somebody wrote a review. Four or five stars: 50 points, a thank you and the wish "
    "for a photo. One or two: a mail that says sorry, and a task for your team, unless your review "
    "request looks after it already. Three: the question what was missing.",
    build=_build,
    messages=(THANKS, HEARD, RECOVERY),
    needs=(
        base.Need(
            base.EVENT,
            "Review Submitted",
            "Connect your review tool, or switch on the review request.",
        ),
    ),
)
