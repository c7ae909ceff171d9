"""Parsing mails that anybody may have made, without spending more than a moment on one.

The library copies the rest of a header for each word in it, and goes down into parts within parts
without end.
"""

import email
import email.policy
import re
from collections.abc import Sequence
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import Final, cast

MOST_HEADER: Final = 20_000
"""Letters of a header that are kept; references of many mails fit in."""
MOST_PARSED: Final = 2_000
"""Of one that the library takes to pieces each time it is read."""
MOST_BOUNDARIES: Final = 100
_PARSED: Final = ("content-", "from", "sender", "subject")
_BOUNDARY: Final = re.compile(rb"boundary[*\d\s]*=", re.IGNORECASE)


class _Short(email.policy.EmailPolicy):
    """Cuts headers before they are taken to pieces."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        """Return name and value of a header, the value cut."""
        name, value = super().header_source_parse(list(sourcelines))
        most = MOST_PARSED if name.lower().startswith(_PARSED) else MOST_HEADER
        return name, value[:most].rstrip("\r\n")


_SHORT: Final = cast("email.policy.Policy[EmailMessage]", _Short())


def parse_mail(raw: bytes) -> EmailMessage:
    """Parse a mail; of one with parts within parts without end, the headers alone."""
    if len(_BOUNDARY.findall(raw)) <= MOST_BOUNDARIES:
        try:
            return email.message_from_bytes(raw, policy=_SHORT)
        except RecursionError:
            pass
    return BytesHeaderParser(policy=_SHORT).parsebytes(raw)
