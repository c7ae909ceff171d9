"""What follows a review, whatever tool it was written in: thanks and points, or recovery."""

from typing import Any, Final

from flows.library import base, parts, steps
from flows.library.review_request import LOOKED_AFTER

THANKS: Final = base.Mail(
    "library_review_thanks",
    "After a good review: thanks, points, a photo",
    base.SERVICE_CLASS,
    "Thank you for your review",
    "{% if loyalty.program != '' %}50 points are yours. {% endif %}Have you got a photo?",
    (
        parts.heading("Thank you"),
        parts.words(
            parts.HELLO,
            "You gave {% if event.rating %}{{ event.rating }} stars{% else %}good stars{% endif %}"
            "{% if event.title and event.title != '' %} and said “{{ event.title }}”{% endif %}. "
            "It makes our day, and it helps those who are still choosing."
            "{% if loyalty.program != '' %} 50 points are on your account.{% endif %}",
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


def _rated(operator: str, stars: int) -> dict[str, Any]:
    """Return the trigger: each review by its own stars, whatever else its author says."""
    rating = {"property": "rating", "is": operator, "value": stars}
    return {"event": "Review Submitted", "filter": [rating]}


def _build_good(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        _rated(">=", 4),
        {
            "points": steps.act("points", "pause", points=50, note="Thank you for your review"),
            "pause": steps.delay(1, "days", "thanks"),
            "thanks": steps.message(THANKS, "thanked"),
            "thanked": steps.end("thanked"),
        },
        reentry={"policy": "after", "n": 1, "unit": "days"},
    )


def _build_middling(bound: base.Bound) -> dict[str, Any]:
    del bound
    return steps.flow(
        _rated("=", 3),
        {
            "heard": steps.message(HEARD, "listened"),
            "listened": steps.end("asked what was missing"),
        },
        reentry={"policy": "after", "n": 1, "unit": "days"},
    )


def _build_bad(bound: base.Bound) -> dict[str, Any]:
    """Return the definition; the review request says sorry at once where it looks after it."""
    del bound
    tag = {"property": "tags", "is": "=", "value": LOOKED_AFTER}
    return steps.flow(
        _rated("<=", 2),
        {
            "hour": steps.delay(1, "hours", "request"),
            "request": steps.split(
                steps.happened("Message Sent", days=1, where=[tag]),
                yes="cared_for",
                no="recovery",
            ),
            "recovery": steps.message(RECOVERY, "support"),
            "support": steps.task(
                "Make it good: they wrote a bad review", done="settle", over="open", days=14
            ),
            "settle": steps.act("answer_reviews", "settled"),
            "cared_for": steps.end("the review request looks after it"),
            "settled": steps.end("settled by support"),
            "open": steps.end("support did not get to it"),
        },
        reentry={"policy": "every_time"},
    )


_NEEDS: Final = (
    base.Need(
        base.EVENT,
        "Review Submitted",
        "Connect your review tool, or switch on the review request.",
    ),
)
GOOD: Final = base.LibraryFlow(
    key="after_good_review",
    name="After a good review",
    rows=("F27",),
    group=base.AFTER,
    icon="star",
    description="Somebody gave four or five stars, in whatever tool: 50 points, a thank you a day "
    "later and the wish for a photo. Once a day at most.",
    build=_build_good,
    messages=(THANKS,),
    needs=_NEEDS,
)
MIDDLING: Final = base.LibraryFlow(
    key="after_middling_review",
    name="After a middling review",
    rows=("F27",),
    group=base.AFTER,
    icon="chat",
    description="Somebody gave three stars: the question what was missing. Once a day at most.",
    build=_build_middling,
    messages=(HEARD,),
    needs=_NEEDS,
)
BAD: Final = base.LibraryFlow(
    key="after_bad_review",
    name="After a bad review",
    rows=("F27",),
    group=base.AFTER,
    icon="chat",
    description="Somebody gave one or two stars: an hour later a mail that says sorry, and a task "
    "for your team, unless your review request did so meanwhile. Each bad review counts.",
    build=_build_bad,
    messages=(RECOVERY,),
    needs=_NEEDS,
)
FLOWS: Final = (GOOD, MIDDLING, BAD)
