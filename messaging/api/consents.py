"""`/api/v1/consents/`."""

from http import HTTPStatus
from typing import Any, cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from crm.choices import Channel, ConsentState
from crm.domain.checking import EARLIEST
from crm.queries.resources import consent_statements, is_profile
from crm.services.consent import record_consent
from crm.services.told_consent import record_told
from kernel import clock
from kernel.errors import Invalid
from messaging.services.opting_in import ask_to_confirm
from messaging.types import Proof
from tenants.api import filters
from tenants.api.fields import Moment
from tenants.api.resources import IdField, Resource
from tenants.models import ApiKey

STATES = [(each.value, each.label) for each in ConsentState if each != ConsentState.NEVER]
"""What somebody can have said."""
MAX_TEXT = 500


class StatementIn(serializers.Serializer[Any]):
    """What somebody said about one channel, with its proof."""

    profile_id = serializers.RegexField(r"^[0-9]{1,18}$")
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.EMAIL)
    state = serializers.ChoiceField(
        choices=STATES,
        help_text=(
            "`pending` asks for a yes by email (double opt-in): the person counts as subscribed "
            "once they press the button of the mail. Who said no stays so until then, and a wish "
            "from before their no, or of a suppressed address, is refused."
        ),
    )
    occurred_at = Moment(
        required=False,
        help_text=(
            "Now, where it is left out. What was said last holds: of what they said before, the "
            "statement is kept as proof and changes nothing."
        ),
    )
    detail = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    text_version = serializers.CharField(
        max_length=MAX_TEXT, required=False, allow_blank=True, help_text="Of the words agreed to."
    )
    source_url = serializers.URLField(max_length=MAX_TEXT, required=False, allow_blank=True)
    ip = serializers.IPAddressField(required=False, allow_null=True)
    user_agent = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)

    def validate_occurred_at(self, value: Any) -> Any:
        """Refuse what was not said yet, and what was said before anybody kept it."""
        if value > clock.now():
            raise serializers.ValidationError("This time lies in the future.")
        if value < EARLIEST:
            raise serializers.ValidationError(
                f"No event is kept from before {EARLIEST.year}. Leave it out if it is not known."
            )
        return value


class StatementOut(serializers.Serializer[Any]):
    """One statement of permission with its proof."""

    id = IdField()
    profile_id = IdField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    topic = serializers.CharField()
    state = serializers.ChoiceField(choices=ConsentState.choices)
    method = serializers.CharField()
    detail = serializers.CharField()
    text_version = serializers.CharField()
    source_url = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField()
    actor = serializers.CharField()
    occurred_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()


class StatementTaken(serializers.Serializer[Any]):
    """What became of a statement."""

    is_new = serializers.BooleanField(
        help_text="Whether it said anything new; of `pending`, whether a mail is on its way."
    )


class ConsentViewSet(mixins.ListModelMixin, Resource[Any]):
    """Statements of permission, newest first; the history only grows."""

    scope_resource = "consents"
    serializer_class = StatementOut
    filters = {
        "profile_id": filters.number("profile_id"),
        "channel": filters.choice("channel", Channel),
        "state": filters.choice("state", ConsentState),
    }

    def get_queryset(self) -> Any:
        return consent_statements()

    @extend_schema(
        request=StatementIn,
        responses={200: StatementTaken, 201: StatementTaken},
        examples=[
            OpenApiExample(
                "Asked for the newsletter on your site",
                value={
                    "profile_id": "1",
                    "state": "pending",
                    "text_version": "2026-05",
                    "source_url": "https://shop.example/newsletter",
                    "ip": "203.0.113.9",
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Record what somebody said; what holds already changes nothing and answers 200."""
        body = StatementIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        profile_id, channel = int(said.pop("profile_id")), said.pop("channel")
        state = said.pop("state")
        if not is_profile(profile_id):
            raise NotFound("There is no such profile.")
        proof = Proof("api", **said, actor=f"key:{cast('ApiKey', request.auth).hint}")
        is_new = _record(profile_id, channel, state, proof)
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response({"is_new": is_new}, status=status)


def _record(profile_id: int, channel: str, state: str, proof: Proof) -> bool:
    if state != ConsentState.PENDING:
        return _record_word(profile_id, channel, state, proof)
    if channel != Channel.EMAIL:
        text = "A yes can be asked for by email alone."
        raise Invalid(text, fields={"channel": text})
    return ask_to_confirm(profile_id, proof, is_own_wish=True)


def _record_word(profile_id: int, channel: str, state: str, proof: Proof) -> bool:
    """Record what was said now, or then: nothing goes over what was said since."""
    said = proof._asdict()
    if proof.occurred_at is None:
        return record_consent(profile_id, channel, state, **said)
    return record_told(profile_id, channel, state, **said)
