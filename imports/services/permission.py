"""What an import may say about consent: it never subscribes whom somebody or something stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm.choices import Channel, ConsentState, IdentityKind
from crm.domain.identifiers import normalize_customer_id, normalize_email, normalize_phone
from crm.domain.permission import NEGATIVE, counts_from, holds_over, restrictiveness
from crm.services.addresses import address_hash
from crm.types import ConsentRecord, Record
from imports.models import Import
from imports.queries import Said, list_permissions, list_suppressed
from imports.types import Options
from kernel import clock

NOTHING: Said = (str(ConsentState.NEVER), None)
IN_FUTURE = "The time of the consent lies in the future."


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is left of the records of one document.

    Attributes:
        held: statements left out because the person, or a bounce, said no before.
        reason: why the document is refused; empty: it is not.
    """

    records: Sequence[Record]
    held: int = 0
    reason: str = ""


def hold_back(source: Import, documents: Sequence[Sequence[Record]]) -> list[Allowed]:
    """Leave out the statements of consent that must not count, and those that say nothing new.

    Who unsubscribed, or whose address is suppressed, is not subscribed by a file, whatever time
    the file names. A statement older than what is known changes nothing and is left out.

    Args:
        source: the import.
        documents: the records of each.

    Returns:
        What is left of each, in the same order.
    """
    statements = [
        record for records in documents for record in records if isinstance(record, ConsentRecord)
    ]
    if not statements:
        return [Allowed(records) for records in documents]
    judge = _Judge(source, statements)
    return [judge.judge(records) for records in documents]


class _Judge:
    def __init__(self, source: Import, statements: Sequence[ConsentRecord]) -> None:
        self._now = clock.now()
        self._store_id = source.store_id
        self._country = Options(**source.options).country
        keys = {key for each in statements for key in self._keys(each)}
        self._known = list_permissions(keys)
        self._stopped = list_suppressed(
            (digest for each in statements for digest in self._digests(each)), self._now
        )

    def judge(self, records: Sequence[Record]) -> Allowed:
        kept: list[Record] = []
        held = 0
        for record in records:
            if not isinstance(record, ConsentRecord):
                kept.append(record)
                continue
            if record.occurred_at is not None and record.occurred_at > self._now:
                return Allowed((), reason=IN_FUTURE)
            before = self._said_before(record)
            if record.state not in NEGATIVE and self._is_stopped(record, before):
                held += 1
            elif _is_news(record, before, self._now):
                kept.append(record)
        return Allowed(kept, held)

    def _said_before(self, record: ConsentRecord) -> Said:
        found = [self._known[key] for key in self._keys(record) if key in self._known]
        said = [each[record.channel] for each in found if record.channel in each]
        return max(said, key=lambda each: restrictiveness(each[0]), default=NOTHING)

    def _is_stopped(self, record: ConsentRecord, before: Said) -> bool:
        return before[0] in NEGATIVE or any(
            digest in self._stopped for digest in self._digests(record)
        )

    def _keys(self, record: ConsentRecord) -> list[tuple[str, str]]:
        keys = []
        if customer_id := normalize_customer_id(record.external_id):
            keys.append((str(IdentityKind.CUSTOMER_ID), f"{self._store_id}:{customer_id}"))
        if email := normalize_email(record.email):
            keys.append((str(IdentityKind.EMAIL), email))
        if number := self._number(record):
            keys.append((str(IdentityKind.PHONE), number))
        return keys

    def _digests(self, record: ConsentRecord) -> list[tuple[str, str]]:
        if record.state in NEGATIVE:
            return []
        address = normalize_email(record.email)
        if record.channel != Channel.EMAIL:
            address = self._number(record)
        return [(record.channel, address_hash(record.channel, address))] if address else []

    def _number(self, record: ConsentRecord) -> str:
        return normalize_phone(record.phone, self._country) if record.phone else ""


def _is_news(record: ConsentRecord, before: Said, now: datetime) -> bool:
    if record.state == before[0]:
        return False
    return holds_over((record.state, counts_from(record.state, record.occurred_at, now)), before)
