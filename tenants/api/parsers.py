"""How bodies are read."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser

from kernel.storable import find_unstorable


class BoundedJSONParser(JSONParser):
    """Reads JSON, and refuses what is nested deeper than Python reads or cannot be stored."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value of a body.

        Raises:
            ParseError: it is no JSON, or nested too deep.
            ValidationError: it holds what cannot be stored; the place is named.
        """
        try:
            found = super().parse(stream, media_type, parser_context)
            self.check(found)
        except RecursionError as exc:
            raise ParseError("The JSON is nested too deep.") from exc
        return found

    def check(self, body: Any) -> None:
        """Refuse what cannot be stored."""
        refuse_unstorable(body)


class BulkJSONParser(BoundedJSONParser):
    """Reads bodies whose ``items`` are judged alone, by the view."""

    def check(self, body: Any) -> None:
        """Refuse what cannot be stored of all but the items."""
        refuse_unstorable(
            {key: value for key, value in body.items() if key != "items"}
            if isinstance(body, dict)
            else body
        )


def refuse_unstorable(value: Any) -> None:
    """Refuse a JSON value that cannot be stored.

    Raises:
        ValidationError: it names the place and the reason.
    """
    if unkept := find_unstorable(value):
        place, reason = unkept
        raise ValidationError({place or "non_field_errors": f"It {reason}."})
