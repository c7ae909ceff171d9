"""Handlers that note what they were given, for tests of events and reactions."""

from crm.types import EventRef

SEEN: list[tuple[str, list[int | None]]] = []
REFUSED: set[int | None] = set()


def first(refs: list[EventRef]) -> None:
    _note("first", refs)


def second(refs: list[EventRef]) -> None:
    _note("second", refs)


def third(refs: list[EventRef]) -> None:
    if any(ref.object_id in REFUSED for ref in refs):
        raise ValueError("refused")
    _note("third", refs)


def _note(name: str, refs: list[EventRef]) -> None:
    SEEN.append((name, [ref.object_id for ref in refs]))


_FIRST = "tests.crm.handlers.first"
_SECOND = "tests.crm.handlers.second"
_THIRD = "tests.crm.handlers.third"

TABLE: dict[str, tuple[str, ...]] = {
    "Order Placed": (_FIRST, _SECOND, _THIRD),
    "Profile Updated": (_SECOND,),
    "Profile Created": (),
}
BROKEN: dict[str, tuple[str, ...]] = {"Order Placed": ("tests.crm.handlers.absent",)}
TOGETHER = ((_FIRST, _SECOND),)
ALL_TOGETHER = ((_FIRST, _SECOND, _THIRD),)
