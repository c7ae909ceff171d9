"""Sign-up forms, and what a browser sends on them."""

from typing import Any
from uuid import uuid4

from crm.models import Profile
from kernel import clock
from messaging.domain.signup import Question, ShowRules
from messaging.models import SignUpForm, Submission
from messaging.queries.signup import public_key, terms_of
from messaging.services.signup_forms import FormData, create_form
from messaging.services.signup_guard import make_ticket

EMAIL = Question("email", "email", "Email address", is_required=True)
PHONE = Question("phone", "phone", "Mobile number")
FIRST_NAME = Question("first_name", "first_name", "First name")
BIRTHDAY = Question("birthday", "birthday", "Birthday")
SKIN = Question("skin_type", "choice", "What is your skin like?", False, ("Dry", "Oily"))
LIKES = Question("likes", "choices", "What do you like?", False, ("Soap", "Oil", "Tea"))
BATHS = Question("baths_a_week", "number", "How many baths a week?")
VEGAN = Question("is_vegan", "yes_no", "Only vegan?")
TEXT = "Yes, send me news by email."


def make_form(*questions: Question, **fields: Any) -> SignUpForm:
    """Create a live pop-up that asks for an address and consent by email at once."""
    values: dict[str, Any] = {
        "name": "Welcome",
        "kind": "popup",
        "is_live": True,
        "title": "Be the first to know",
        "text": "New soap, now and then.",
        "button": "Sign me up",
        "channels": ("email",),
        "consent_text": TEXT,
        "has_consent_box": False,
        "topic_id": None,
        "is_double_opt_in": False,
        "success_title": "Thank you",
        "success_text": "Look into your mailbox.",
        "success_code": "",
        "rules": ShowRules(after_seconds=0),
        **fields,
    }
    data = FormData(questions=questions or (EMAIL,), **values)
    return create_form(data, actor="ada@example.com")


def make_submission(profile: Profile) -> Submission:
    """Create a form with what somebody sent on it."""
    return Submission.objects.create(
        form=make_form(EMAIL, SKIN),
        key=uuid4(),
        profile=profile,
        answers={"email": "ada@example.com", "skin_type": "Dry"},
        consents={"email": "subscribed"},
        consent_version=1,
        source="google",
        source_url="https://shop.example/soap",
        submitted_at=clock.now(),
    )


def make_body(form: SignUpForm, /, *, agreed: bool = False, **values: Any) -> dict[str, Any]:
    """Return what the script sends; its ticket is of now."""
    return {
        "id": str(uuid4()),
        "ticket": make_ticket(public_key(form), terms_of(form)),
        "values": {"email": "zoe@example.com", **values},
        "agreed": agreed,
        "trap": "",
        "url": "https://shop.example/soap?utm_source=news&email=zoe",
        "referrer": "",
        "anonymousId": "",
    }
