"""Forms of templates: what they are, and what they say on each channel."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from crm.choices import Channel
from crm.domain.channels import CHANNEL_LABELS
from messaging.choices import WHATSAPP_CATEGORIES, MessageClass
from messaging.domain.utm import MOST as UTM_MOST
from messaging.domain.utm import NAMES as UTM_NAMES
from messaging.domain.utm import PARAMETERS as UTM_PARAMETERS
from messaging.domain.utm import unknown_names
from messaging.models import Template
from messaging.queries.utm import OVERRIDE
from messaging.services.authoring import MAX_NAME, Draft, clean_tags, own_text
from messaging.services.starters import list_starters
from messaging.services.writing import WRITERS

CHANNELS = tuple(CHANNEL_LABELS.items())
CLASSES = (
    (MessageClass.PROMOTIONAL.value, "Promotional: news and offers"),
    (MessageClass.BEHAVIOURAL.value, "Behavioural: about what they looked at"),
    (MessageClass.TRANSACTIONAL.value, "Transactional: about an order"),
    (MessageClass.SAFETY.value, "Safety: a recall or a warning"),
    (MessageClass.SERVICE.value, "Service: an account or a request"),
)
_CATEGORIES = tuple((word, word.capitalize()) for word in WHATSAPP_CATEGORIES)
_CODE = {"spellcheck": "false", "autocomplete": "off", "class": "input mono"}


def _utm_input() -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "As in the settings"}
    )


class NewTemplateForm(forms.Form):
    """What a new template is, and what it starts from."""

    name = forms.CharField(max_length=MAX_NAME, help_text="Only you see it.")
    channel = forms.ChoiceField(choices=CHANNELS, widget=forms.RadioSelect)
    message_class = forms.ChoiceField(
        label="What it is for",
        choices=CLASSES,
        help_text="Promotional and behavioural messages go only to people who said yes.",
    )
    start = forms.ChoiceField(
        label="Start from",
        required=False,
        widget=forms.RadioSelect,
        help_text="Of emails; a text starts with a sentence.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start: Any = self.fields["start"]
        start.choices = [(each.key, f"{each.name}: {each.words}") for each in list_starters()]
        channel: Any = self.fields["channel"]
        channel.choices = [choice for choice in CHANNELS if choice[0] in WRITERS]


class TemplateForm(forms.Form):
    """A template: what it is, and what it says."""

    of = ""
    """Channel of what it says."""
    words: tuple[str, ...] = ()
    """Fields of what it says, in order."""

    name = forms.CharField(max_length=MAX_NAME)
    message_class = forms.ChoiceField(label="What it is for", choices=CLASSES)
    topic = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        help_text="Who refused it on their preference page does not get this. Of marketing alone.",
    )
    tags = forms.CharField(
        required=False, max_length=300, help_text="Words with commas between, such as offer, news."
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    utm_off = forms.BooleanField(
        required=False, label="Links of this message get no UTM parameters at all"
    )

    def __init__(
        self,
        *args: Any,
        topics: Sequence[tuple[int, str]] = (),
        senders: Sequence[tuple[int, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if "sender" in self.fields:
            listed: Any = self.fields["sender"]
            listed.choices = [("", "As your rules choose"), *senders]
        choices: Any = self.fields["topic"]
        choices.choices = [("", "None: everybody who gets marketing"), *topics]
        for name in UTM_PARAMETERS:
            self.fields[name] = forms.CharField(
                label=name, required=False, max_length=UTM_MOST, widget=_utm_input()
            )

    def clean(self) -> dict[str, Any]:
        """Refuse names in braces that nobody knows."""
        found: dict[str, Any] = super().clean() or {}
        for name in UTM_PARAMETERS:
            if unknown := unknown_names(str(found.get(name, ""))):
                known = ", ".join(f"{{{each}}}" for each in UTM_NAMES)
                self.add_error(name, f"Nothing is known of {{{unknown[0]}}}. Write {known}.")
        return found

    @property
    def utm(self) -> list[Any]:
        """The fields of what its links get; none on a channel whose links are not tagged."""
        is_tagged = self.of != Channel.WHATSAPP
        return [self[name] for name in (*UTM_PARAMETERS, "utm_off")] if is_tagged else []

    @property
    def said(self) -> list[Any]:
        """The fields of what it says."""
        return [self[name] for name in self.words]

    @property
    def facts(self) -> list[Any]:
        """The fields of what it is."""
        return [self[name] for name in ("name", "message_class", "topic", "tags")]

    def draft(self) -> Draft:
        """Return what was typed."""
        found, parts = self.cleaned_data, self.parts()
        own = {name: found[name] for name in UTM_PARAMETERS if found[name]}
        if self.utm and (own or found["utm_off"]):
            utm = False if found["utm_off"] else own
            parts["content"] = {**parts.get("content", {}), OVERRIDE: utm}
        return Draft(
            name=found["name"],
            channel=self.of,
            message_class=found["message_class"],
            tags=clean_tags(found["tags"]),
            topic_id=found["topic"],
            **parts,
        )

    def parts(self) -> dict[str, Any]:
        """Return what it says, as `Draft` takes it."""
        return {"text": self.cleaned_data["text"]}


class EmailForm(TemplateForm):
    """An e-mail."""

    of = Channel.EMAIL.value
    words = ("subject", "preheader", "mjml", "text")

    subject = forms.CharField(max_length=500, widget=forms.TextInput(attrs={"class": "input"}))
    preheader = forms.CharField(
        label="Preview text",
        required=False,
        max_length=500,
        help_text="Stands behind the subject in the list of mails.",
    )
    mjml = forms.CharField(
        label="Code",
        widget=forms.Textarea(attrs={**_CODE, "rows": 24}),
        help_text="MJML with Liquid and blocks.",
        strip=False,
    )
    text = forms.CharField(
        label="Plain text",
        required=False,
        widget=forms.Textarea(attrs={**_CODE, "rows": 10}),
        help_text="Empty: it is read off the mail each time you save.",
    )
    sender = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        help_text="Test two senders in a campaign with two templates that name them.",
    )

    @property
    def facts(self) -> list[Any]:
        """The fields of what it is, with who it is from."""
        return [*super().facts, self["sender"]]

    def parts(self) -> dict[str, Any]:
        found = self.cleaned_data
        named = {"sender": found["sender"]} if found["sender"] is not None else {}
        said = {name: found[name] for name in ("subject", "preheader", "mjml", "text")}
        return {**said, "content": named}


class SmsForm(TemplateForm):
    """An SMS."""

    of = Channel.SMS.value
    words = ("text",)

    text = forms.CharField(
        label="Text",
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": 1600}),
        help_text="Say who writes. Links are shortened when it is sent.",
    )


class PushForm(TemplateForm):
    """A push message."""

    of = Channel.PUSH.value
    words = ("title", "text", "url", "image")

    title = forms.CharField(max_length=120, help_text="About 40 characters are shown.")
    text = forms.CharField(label="Text", widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}))
    url = forms.CharField(label="Opens", required=False, max_length=1000)
    image = forms.CharField(label="Picture", required=False, max_length=1000)

    def parts(self) -> dict[str, Any]:
        found = self.cleaned_data
        content = {name: found[name] for name in ("title", "url", "image") if found[name]}
        return {"text": found["text"], "content": content}


class WhatsAppForm(TemplateForm):
    """A message of a template that Meta approved, or of free words within 24 hours."""

    of = Channel.WHATSAPP.value
    words = ("meta_name", "language", "category", "variables", "text")

    meta_name = forms.CharField(
        label="Name at Meta", max_length=512, help_text="Of the template that was approved."
    )
    language = forms.CharField(max_length=20, help_text="As it was approved, such as en_GB.")
    category = forms.ChoiceField(choices=_CATEGORIES)
    variables = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={**_CODE, "rows": 4}),
        help_text="One line for each of {{1}}, {{2}} and so on, in their order.",
    )
    text = forms.CharField(
        label="Free words",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Within 24 hours of their last message these can go instead of the template.",
    )

    def parts(self) -> dict[str, Any]:
        found = self.cleaned_data
        variables = [line.strip() for line in found["variables"].splitlines() if line.strip()]
        content = {
            "name": found["meta_name"],
            "language": found["language"],
            "category": found["category"],
            "variables": variables,
        }
        return {"text": found["text"], "content": content}


FORMS: Mapping[str, type[TemplateForm]] = {
    form.of: form for form in (EmailForm, SmsForm, PushForm, WhatsAppForm)
}


def initial_of(template: Template) -> dict[str, Any]:
    """Return what the form of a template, or of one of its languages, begins with."""
    content = template.content
    utm = content.get(OVERRIDE)
    return {
        **(utm if isinstance(utm, dict) else {}),
        "utm_off": utm is False,
        "name": template.name,
        "message_class": template.message_class,
        "topic": template.topic_id or "",
        "tags": ", ".join(template.tags),
        "subject": template.subject,
        "preheader": template.preheader,
        "mjml": template.mjml,
        "text": own_text(template),
        "sender": content.get("sender", ""),
        "title": content.get("title", ""),
        "url": content.get("url", ""),
        "image": content.get("image", ""),
        "meta_name": content.get("name", ""),
        "language": content.get("language", ""),
        "category": str(content.get("category", "")).lower(),
        "variables": "\n".join(str(line) for line in content.get("variables", [])),
    }
