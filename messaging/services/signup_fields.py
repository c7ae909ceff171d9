"""The questions of a sign-up form as a form of Django, which checks what people typed."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django import forms

from crm.domain.identifiers import normalize_email, normalize_phone
from kernel import clock
from messaging.choices import QuestionKind
from messaging.domain.addresses import to_wire
from messaging.domain.signup import MAX_ANSWER, Question, is_said, typed_value

REQUIRED: Final = "Please fill this in."
CHOOSE: Final = "Please choose."
OLDEST: Final = date(1900, 1, 1)
MAX_DIGITS: Final = 15
_ADDRESS: Final = re.compile(r"://|\bwww\.|[^\W_]\.[^\W\d_]{2,}", re.IGNORECASE)
"""What programs that show messages take for a link: a scheme, or a domain."""
YES_NO: Final = (("yes", "Yes"), ("no", "No"))


class AnswersForm(forms.Form):
    """What somebody typed into one form."""

    def __init__(
        self, questions: Sequence[Question], *args: Any, country: str = "", **kwargs: Any
    ) -> None:
        """Prepare the fields.

        Args:
            questions: of the form, in its order.
            args: as of a form of Django.
            country: ISO 3166-1 alpha-2, of numbers without a country code.
            kwargs: as of a form of Django.
        """
        super().__init__(*args, **kwargs)
        self._questions = questions
        self._country = country
        for question in questions:
            made = _MAKERS[question.kind](question)
            made.label, made.required = question.label, question.is_required
            made.error_messages["required"] = CHOOSE if question.options else REQUIRED
            self.fields[question.name] = made

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for question in self._questions:
            check = _CHECKS.get(question.kind)
            value = cleaned.get(question.name)
            if check is None or not is_said(value):
                continue
            try:
                cleaned[question.name] = check(value, self._country)
            except forms.ValidationError as exc:
                self.add_error(question.name, exc)
        return cleaned

    def read_answers(self) -> dict[str, Any]:
        """Return what was answered, by question, as it is kept."""
        found = {
            question.name: typed_value(self.cleaned_data.get(question.name))
            for question in self._questions
        }
        return {name: value for name, value in found.items() if is_said(value)}

    def read_errors(self) -> dict[str, str]:
        """Return the first fault of each field."""
        return {name: str(faults[0]) for name, faults in self.errors.items()}


def _line(*, most: int = MAX_ANSWER, **attributes: str) -> Callable[[Question], forms.Field]:
    return lambda _: forms.CharField(max_length=most, widget=forms.TextInput(attrs=attributes))


def _email(_: Question) -> forms.Field:
    return forms.CharField(
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )


def _day(autocomplete: str) -> Callable[[Question], forms.Field]:
    attributes = {"type": "date", "autocomplete": autocomplete}
    return lambda _: forms.DateField(
        widget=forms.DateInput(format="%Y-%m-%d", attrs=attributes),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Please write a date, such as 2026-05-04."},
    )


def _number(_: Question) -> forms.Field:
    return forms.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=4,
        error_messages={"invalid": "Please write a number."},
    )


def _pairs(question: Question) -> list[tuple[str, str]]:
    return [(option, option) for option in question.options]


def _choice(question: Question) -> forms.Field:
    return forms.ChoiceField(choices=_pairs(question), widget=forms.RadioSelect)


def _choices(question: Question) -> forms.Field:
    return forms.MultipleChoiceField(choices=_pairs(question), widget=forms.CheckboxSelectMultiple)


def _yes_no(_: Question) -> forms.Field:
    return forms.TypedChoiceField(
        choices=YES_NO,
        widget=forms.RadioSelect,
        coerce=lambda said: said == "yes",
        empty_value=None,
    )


def _check_email(value: str, country: str) -> str:
    if not normalize_email(value) or to_wire(value) is None:
        raise forms.ValidationError("Please write an email address, such as ada@example.com.")
    return value.strip()


def _check_phone(value: str, country: str) -> str:
    number = normalize_phone(value.strip(), country)
    if not number:
        text = "Please write a phone number with its country code, such as +44 7700 900123."
        raise forms.ValidationError(text)
    return number


def _check_birthday(value: date, country: str) -> date:
    if not OLDEST <= value <= clock.now().date():
        raise forms.ValidationError("Please write the day you were born.")
    return value


def _check_name(value: str, country: str) -> str:
    """Refuse what a message that greets by name would turn into a link."""
    if _ADDRESS.search(value):
        raise forms.ValidationError("Please write a name, without a web address.")
    return value


_MAKERS: Mapping[str, Callable[[Question], forms.Field]] = {
    QuestionKind.EMAIL: _email,
    QuestionKind.PHONE: _line(most=40, type="tel", autocomplete="tel"),
    QuestionKind.FIRST_NAME: _line(most=100, autocomplete="given-name"),
    QuestionKind.BIRTHDAY: _day("bday"),
    QuestionKind.TEXT: _line(),
    QuestionKind.NUMBER: _number,
    QuestionKind.DATE: _day("off"),
    QuestionKind.CHOICE: _choice,
    QuestionKind.CHOICES: _choices,
    QuestionKind.YES_NO: _yes_no,
}
_CHECKS: Mapping[str, Callable[[Any, str], Any]] = {
    QuestionKind.EMAIL: _check_email,
    QuestionKind.PHONE: _check_phone,
    QuestionKind.FIRST_NAME: _check_name,
    QuestionKind.BIRTHDAY: _check_birthday,
}
