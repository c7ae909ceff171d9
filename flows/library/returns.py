"""Something goes back: where it stands, what they can have instead, and why it was."""

from functools import partial
from typing import Any, Final
from urllib.parse import quote

from flows.library.base import (
    AFTER,
    EVENT,
    FLOW_ON,
    PROMOTIONAL,
    SERVICE_CLASS,
    TRANSACTIONAL,
    Bound,
    LibraryFlow,
    Mail,
    Need,
)
from flows.library.parts import (
    HELLO,
    bullets,
    button,
    divider,
    heading,
    only,
    picked,
    subheading,
    words,
)
from flows.library.steps import ORDER, delay, end, flow, message, split, task, tell

_OF: Final = "{% if event.number != '' %} of order {{ event.number }}{% endif %}"
_ITEMS: Final = (
    "{% for item in event.items %}<strong>{% if item contains 'quantity' %}{{ item.quantity }} × "
    "{% endif %}{% if item contains 'title' %}{{ item.title }}{% elsif item contains 'sku' %}"
    "{{ item.sku }}{% else %}item of your order{% endif %}"
    "</strong>{% if item contains 'instead' %}, for {{ item.instead }}{% endif %}<br />{% endfor %}"
)


def _answer(words_of_it: str) -> str:
    """Return a link that opens an answer with these words as its subject."""
    subject = f"Return%20{{{{ event.number | url_encode }}}}:%20{quote(words_of_it)}"
    return f'<a href="mailto:{{{{ sender.email }}}}?subject={subject}">{words_of_it}</a>'


RECEIVED: Final = Mail(
    key="library_return_received",
    name="Return, request received",
    message_class=TRANSACTIONAL,
    subject=f"Your return{_OF}",
    preheader="We have your request. This is what happens next.",
    parts=(
        heading("We have your request."),
        words(HELLO, "you would like to send this back:", _ITEMS),
        only(
            "event contains 'label_url' and event.label_url != ''",
            words("Print the label, put it on the parcel, and drop it off."),
            button("Print the label", "{{ event.label_url }}"),
        ),
        words(
            "As soon as your parcel is with us we look at it and tell you. Refunds go back the way "
            "you paid.",
        ),
        only(
            "exchanges.size > 0",
            divider(),
            subheading("Rather have another one?"),
            words(
                "We exchange it free of charge. In stock right now:",
                "{% for one in exchanges %}{% if one.url != '' %}<a href=\"{{ one.url }}\">"
                "{{ one.title }}{% if one.variant != '' %}, {{ one.variant }}{% endif %}</a>"
                "{% else %}{{ one.title }}{% if one.variant != '' %}, {{ one.variant }}{% endif %}"
                "{% endif %}<br />{% endfor %}",
                "Reply to this email with the one you would like, and we keep it for you.",
            ),
        ),
    ),
)
STATUS: Final = Mail(
    key="library_return_status",
    name="Return, news",
    message_class=TRANSACTIONAL,
    subject="{% if event.status == 'approved' %}Your return is approved"
    "{% elsif event.status == 'received' %}Your return has arrived"
    "{% elsif event.status == 'declined' %}About your return"
    "{% else %}Your return was called off{% endif %}",
    preheader=f"News of your return{_OF}.",
    parts=(
        heading(
            "{% if event.status == 'approved' %}You can send it back."
            "{% elsif event.status == 'received' %}Your parcel is with us."
            "{% elsif event.status == 'declined' %}We cannot take it back."
            "{% else %}Your return was called off.{% endif %}"
        ),
        words(HELLO, _ITEMS),
        only(
            "event.status == 'approved'",
            words("Please put it back into its box, and send it within 14 days."),
        ),
        only(
            "event.status == 'approved' and event contains 'label_url' and event.label_url != ''",
            button("Print the label", "{{ event.label_url }}"),
        ),
        only(
            "event.status == 'received'",
            words("We look at it in the next few days, and then send your money back."),
        ),
        only(
            "event.status == 'declined'",
            words(
                "We looked at it carefully and cannot take it back. If you see it differently, "
                "reply to this email: a person looks at it once more."
            ),
        ),
        only(
            "event.status == 'cancelled'",
            words("You keep what you have. Should that be wrong, reply to this email."),
        ),
    ),
)
DONE: Final = Mail(
    key="library_return_done",
    name="Return, finished",
    message_class=TRANSACTIONAL,
    subject=f"Your return{_OF} is finished",
    preheader="Your money is on its way back to you.",
    parts=(
        heading("All done."),
        words(
            HELLO,
            "your return is finished:",
            _ITEMS,
            "Your money goes back the way you paid. Depending on your bank it takes up to ten "
            "days until you see it. Not there by then? Reply to this email.",
        ),
    ),
)
SURVEY: Final = Mail(
    key="library_return_survey",
    name="Return, one question",
    message_class=SERVICE_CLASS,
    subject="One question about your return",
    preheader="One click helps us and everybody after you.",
    parts=(
        heading("What was it?"),
        words(
            HELLO,
            "we would like the next one to be right the first time. Why did you send it back? One "
            "click is enough, and your answer reaches a person:",
        ),
        bullets(
            _answer("It did not fit"),
            _answer("It looked different from the pictures"),
            _answer("It was not good enough"),
            _answer("It came too late"),
            _answer("I changed my mind"),
        ),
    ),
)
INSTEAD: Final = Mail(
    key="library_return_instead",
    name="Return, something else",
    message_class=PROMOTIONAL,
    subject="Perhaps this instead?",
    preheader="Chosen with what you kept in mind.",
    parts=(
        heading("Perhaps this instead?"),
        words(
            "The last one was not for you. These might be: they suit what you kept, and are all "
            "in stock.",
        ),
        picked("For you", 4),
    ),
)


def _build_started(bound: Bound) -> dict[str, Any]:
    del bound
    told = ["requested", "approved"]
    return tell(
        {
            "event": "Return Initiated",
            "filter": [{"property": "status", "is": "in", "value": told}],
        },
        message(RECEIVED, "end"),
        "told that it was received",
    )


def _build_asked(bound: Bound) -> dict[str, Any]:
    """Return the definition: what is asked for on the page of Patron waits for a member."""
    del bound
    here = [
        {"property": "via", "is": "=", "value": "patron"},
        {"property": "status", "is": "=", "value": "requested"},
    ]
    return flow(
        {"event": "Return Initiated", "filter": here},
        {
            "look": task(
                "Somebody asks to send an order back. Approve or decline it on the order’s page.",
                done="end",
                over="end",
                days=14,
            ),
            "end": end("your team looked at it, or did not get to it"),
        },
        reentry={"policy": "every_time"},
    )


def _build_news(bound: Bound) -> dict[str, Any]:
    del bound
    told = ["approved", "received", "declined", "cancelled"]
    return tell(
        {
            "event": "Return Updated",
            "filter": [{"property": "status", "is": "in", "value": told}],
        },
        message(STATUS, "end"),
        "told the news",
    )


def _build_done(bound: Bound) -> dict[str, Any]:
    del bound
    return tell({"event": "Return Completed"}, message(DONE, "end"), "told that it is done")


def _build_after(bound: Bound) -> dict[str, Any]:
    del bound
    is_open = {"field": "has_open_return", "is": "=", "value": True}
    return flow(
        {"event": "Return Completed"},
        {
            "days": delay(3, "days", "survey", until_time="10:00"),
            "survey": message(SURVEY, "week"),
            "week": delay(7, "days", "other", until_time="10:00"),
            "other": split(is_open, yes="end", no="instead"),
            "instead": message(INSTEAD, "end"),
            "end": end("asked and offered something else"),
        },
        reentry={"policy": "after", "n": 30, "unit": "days"},
        exit_on=[ORDER],
        goal=ORDER,
    )


_RETURNS: Final = Need(
    EVENT,
    "Return Initiated",
    "Let your store, your provider of returns, or POST /api/v1/returns/ tell of returns.",
)
_tells: Final = partial(
    LibraryFlow, rows=("F14", "F26"), group=AFTER, icon="return", needs=(_RETURNS,)
)
STARTED: Final = _tells(
    key="return_started",
    name="Return, request received",
    description="Answers at once when a return is asked for: what happens next, the label, and "
    "which variants they can have instead, of those in stock.",
    build=_build_started,
    messages=(RECEIVED,),
)
ASKED: Final = LibraryFlow(
    key="return_asked",
    name="Return, asked for by a customer",
    rows=("F26",),
    group=AFTER,
    icon="return",
    description="Makes a task for your team of each return that a customer asks for on the page "
    "behind “Send it back” in the delivery confirmation. You approve or decline it on the page of "
    "the order.",
    build=_build_asked,
    messages=(),
    needs=(
        Need(
            FLOW_ON,
            "delivery_confirmation",
            "Switch on the delivery confirmation, whose mail leads to the page for returns; or put "
            "{{ return_url }} into another mail about orders.",
        ),
    ),
)
NEWS: Final = _tells(
    key="return_news",
    name="Return, news",
    description="Tells how a return goes on: approved, arrived, declined or called off.",
    build=_build_news,
    messages=(STATUS,),
)
FINISHED: Final = _tells(
    key="return_finished",
    name="Return, finished",
    description="Tells that a return is finished and the money is on its way.",
    build=_build_done,
    messages=(DONE,),
)
AFTERWARDS: Final = LibraryFlow(
    key="return_afterwards",
    name="After a return",
    rows=("F26",),
    group=AFTER,
    icon="chat",
    description="Asks three days after a return why it was, and offers something else a week "
    "later. While another return is open it sells nothing.",
    build=_build_after,
    messages=(SURVEY, INSTEAD),
    needs=(_RETURNS,),
)
FLOWS: Final = (STARTED, ASKED, NEWS, FINISHED, AFTERWARDS)
