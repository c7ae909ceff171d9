"""The editor of sign-up forms: what a member fills in, and what it makes of it."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField

from crm.domain.channels import CHANNEL_LABELS
from messaging.choices import FormKind, FormStatus, QuestionKind
from messaging.domain.signup import (
    BUILT_IN,
    CENTER,
    CONSENT_CHANNELS,
    EVERY_DAYS,
    MAX_OPTIONS,
    MAX_OWN,
    OWN_KINDS,
    WITH_OPTIONS,
    Question,
    ShowRules,
    name_property,
    read_questions,
    read_rules,
    split_lines,
)
from messaging.models import SignUpForm
from messaging.services.signup_forms import FormData

ASK: Final = (("", "Do not ask"), ("optional", "Ask"), ("required", "Ask, and require it"))
LABELS: Final = {
    QuestionKind.EMAIL: "Email address",
    QuestionKind.PHONE: "Mobile number",
    QuestionKind.FIRST_NAME: "First name",
    QuestionKind.BIRTHDAY: "Birthday",
}
"""What the built-in questions say on a form."""
CHANNELS: Final = tuple((name, CHANNEL_LABELS[name]) for name in ("email", "sms"))
POSITIONS: Final = (
    ("center", "In the middle, over the page"),
    ("corner", "In a corner, beside the page"),
)
CONSENT: Final = "Yes, send me news and offers by email. I can stop them at any time."
_LINES: Final = {"rows": 3}


class EditorForm(forms.Form):
    """One sign-up form."""

    name = forms.CharField(
        max_length=100, help_text="For you alone; it is the source of those who sign up on it."
    )
    kind = forms.ChoiceField(label="Where it stands", choices=FormKind.choices)
    is_live = forms.BooleanField(
        label="Live",
        required=False,
        help_text="Until then nobody sees it, also where its code is in a page already.",
    )
    title = forms.CharField(label="Headline", max_length=120)
    text = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs=_LINES),
        help_text="What they get for it, such as 10% off the first order.",
    )
    button = forms.CharField(label="Words on the button", max_length=40)
    email = forms.ChoiceField(label="Email address", choices=ASK, required=False)
    phone = forms.ChoiceField(label="Mobile number", choices=ASK, required=False)
    first_name = forms.ChoiceField(label="First name", choices=ASK, required=False)
    birthday = forms.ChoiceField(label="Birthday", choices=ASK, required=False)
    channels = forms.MultipleChoiceField(
        label="Ask consent for",
        choices=CHANNELS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    consent_text = forms.CharField(
        label="What they agree to",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs=_LINES),
        help_text="Every version is kept with the consent of those who read it.",
    )
    has_consent_box = forms.BooleanField(
        label="With a box to tick",
        required=False,
        help_text="Otherwise sending the form agrees to the words above the button.",
    )
    topic = forms.TypedChoiceField(coerce=int, empty_value=None, required=False)
    is_double_opt_in = forms.BooleanField(
        label="Confirm by email",
        required=False,
        help_text="A mail asks for a yes, and they count as subscribed from then on.",
    )
    success_title = forms.CharField(label="Headline afterwards", max_length=120)
    success_text = forms.CharField(
        label="Text afterwards", max_length=500, required=False, widget=forms.Textarea(attrs=_LINES)
    )
    success_code = forms.CharField(
        label="Discount code",
        max_length=60,
        required=False,
        help_text="Shown to everybody who sends the form; make it in your shop first.",
    )
    position = forms.ChoiceField(choices=POSITIONS, required=False)
    after_seconds = forms.IntegerField(
        label="After so many seconds", min_value=0, max_value=600, required=False
    )
    scroll_pct = forms.IntegerField(
        label="After scrolling so far down (%)", min_value=1, max_value=100, required=False
    )
    on_exit = forms.BooleanField(
        label="When they are about to leave",
        required=False,
        help_text="When the pointer leaves the page at its top; phones have no pointer.",
    )
    every_days = forms.IntegerField(
        label="At most once in so many days", min_value=1, max_value=365, required=False
    )
    pages = forms.CharField(
        label="Only on these pages",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One path on each line, such as /products/*; empty: on all pages.",
    )
    except_pages = forms.CharField(
        label="Never on these pages",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Such as /cart and /checkout/*.",
    )

    def __init__(self, *args: Any, topics: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topic: Any = self.fields["topic"]
        topic.choices = [("", "All of marketing"), *topics]
        for number in range(1, MAX_OWN + 1):
            self._add_question(f"q{number}")

    def _add_question(self, prefix: str) -> None:
        self.fields[f"{prefix}_name"] = forms.CharField(
            required=False, max_length=60, widget=forms.HiddenInput
        )
        self.fields[f"{prefix}_label"] = forms.CharField(
            label="Question", required=False, max_length=120
        )
        self.fields[f"{prefix}_kind"] = forms.ChoiceField(
            label="Answer", required=False, choices=[(kind.value, kind.label) for kind in OWN_KINDS]
        )
        self.fields[f"{prefix}_options"] = forms.CharField(
            label="Choices",
            required=False,
            max_length=2000,
            widget=forms.Textarea(attrs=_LINES),
            help_text=f"One on each line, up to {MAX_OPTIONS}; for one or any of several.",
        )
        self.fields[f"{prefix}_required"] = forms.BooleanField(label="Require it", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(1, MAX_OWN + 1):
            label = cleaned.get(f"q{number}_label", "")
            needs_options = cleaned.get(f"q{number}_kind") in WITH_OPTIONS
            options = split_lines(cleaned.get(f"q{number}_options", ""))
            if label and needs_options and len(options) < 2:  # noqa: PLR2004 one is no choice
                self.add_error(f"q{number}_options", "Write at least two choices.")
        if cleaned.get("kind") == FormKind.POPUP and not self._opens(cleaned):
            self.add_error("after_seconds", "Say when it opens: by time, scrolling or leaving.")
        return cleaned

    @staticmethod
    def _opens(cleaned: dict[str, Any]) -> bool:
        times = (cleaned.get("after_seconds"), cleaned.get("scroll_pct"))
        return bool(cleaned.get("on_exit")) or any(time is not None for time in times)

    def own_questions(self) -> Iterator[dict[str, Any]]:
        """Return the fields of each own question; one with a fault is open."""
        for number in range(1, MAX_OWN + 1):
            fields: dict[str, BoundField] = {
                part: self[f"q{number}_{part}"]
                for part in ("name", "label", "kind", "options", "required")
            }
            label = str(fields["label"].value() or "")
            faults = any(field.errors for field in fields.values())
            yield {
                "number": number,
                "label": label,
                "is_open": faults,
                "fields": fields,
            }

    def read_data(self) -> FormData:
        """Return the form as its fields say; only of a valid one."""
        said = self.cleaned_data
        return FormData(
            **{name: said[name] for name in _SAME},
            questions=tuple(self._read_questions()),
            channels=tuple(said["channels"]),
            topic_id=said["topic"],
            rules=self._read_rules(),
        )

    def _read_questions(self) -> Iterator[Question]:
        said = self.cleaned_data
        for kind in BUILT_IN:
            if asked := said[kind.value]:
                yield Question(kind.value, kind.value, LABELS[kind], asked == "required")
        taken: set[str] = set()
        for number in range(1, MAX_OWN + 1):
            if not (label := said[f"q{number}_label"].strip()):
                continue
            kind_word = said[f"q{number}_kind"] or QuestionKind.TEXT.value
            # A question that is worded anew fills the same property as before.
            name = name_property(said[f"q{number}_name"] or label, taken)
            taken.add(name)
            options = split_lines(said[f"q{number}_options"]) if kind_word in WITH_OPTIONS else ()
            yield Question(name, kind_word, label, said[f"q{number}_required"], options)

    def _read_rules(self) -> ShowRules:
        said = self.cleaned_data
        return ShowRules(
            after_seconds=said["after_seconds"],
            scroll_pct=said["scroll_pct"],
            on_exit=said["on_exit"],
            pages=split_lines(said["pages"]),
            except_pages=split_lines(said["except_pages"]),
            every_days=said["every_days"] or EVERY_DAYS,
            position=said["position"] or CENTER,
        )


_SAME: Final = (
    "name",
    "kind",
    "is_live",
    "title",
    "text",
    "button",
    "consent_text",
    "has_consent_box",
    "is_double_opt_in",
    "success_title",
    "success_text",
    "success_code",
)


def new_values() -> dict[str, Any]:
    """Return what a new form says before anybody changed it."""
    return {
        "kind": FormKind.POPUP.value,
        "title": "Be the first to know",
        "text": "New products, restocks and a treat now and then.",
        "button": "Sign me up",
        "email": "required",
        "channels": ["email"],
        "consent_text": CONSENT,
        "is_double_opt_in": True,
        "success_title": "Thank you",
        "success_text": "Look into your mailbox: one press there and you are on the list.",
        "position": CENTER,
        "after_seconds": 10,
        "every_days": EVERY_DAYS,
        "except_pages": "/cart\n/checkout*",
    }


def values_of(form: SignUpForm) -> dict[str, Any]:
    """Return what the fields say of a form."""
    rules = read_rules(form.rules)
    same = {name: getattr(form, name) for name in _SAME if name != "is_live"}
    return {
        **same,
        "is_live": form.status == FormStatus.LIVE,
        "channels": [each for each in form.channels if each in CONSENT_CHANNELS],
        "topic": form.topic_id,
        "position": rules.position,
        "after_seconds": rules.after_seconds,
        "scroll_pct": rules.scroll_pct,
        "on_exit": rules.on_exit,
        "every_days": rules.every_days,
        "pages": "\n".join(rules.pages),
        "except_pages": "\n".join(rules.except_pages),
        **_values_of_questions(read_questions(form.questions)),
    }


def _values_of_questions(questions: Sequence[Question]) -> dict[str, Any]:
    found: dict[str, Any] = {
        each.name: "required" if each.is_required else "optional"
        for each in questions
        if not each.is_own
    }
    for number, each in enumerate((each for each in questions if each.is_own), start=1):
        found |= {
            f"q{number}_name": each.name,
            f"q{number}_label": each.label,
            f"q{number}_kind": each.kind,
            f"q{number}_options": "\n".join(each.options),
            f"q{number}_required": each.is_required,
        }
    return found
