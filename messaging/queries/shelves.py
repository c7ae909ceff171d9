"""Products, reviews and questions that a template asks for by a key, once for a batch.

The value of each is a shelf: ``products['best/4/Soap']`` finds its goods
when the first mail of the batch asks for them, and all others get the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from crm.queries.last_categories import find_last_categories
from crm.queries.shelves import (
    best_of,
    best_sellers,
    find_goods,
    find_owned,
    list_asked,
    list_praise,
    newest_goods,
)
from kernel import clock
from messaging.types import PendingMessage

MOST = 12
"""Most things that one key can ask for."""
LONGEST_WORDS = 280
"""Characters of a review that are shown; longer ones are cut with an ellipsis."""
Row = dict[str, Any]


class Shelf(Mapping[str, list[Row]]):
    """Looks up what a key asks for, once for each key; a key that nobody knows is no value."""

    def __init__(self, find: Callable[[str], list[Row] | None]) -> None:
        self._find = find
        self._found: dict[str, list[Row]] = {}

    def __getitem__(self, key: str) -> list[Row]:
        if key not in self._found:
            found = self._find(str(key))
            if found is None:
                raise KeyError(key)
            self._found[key] = found
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def product_values(messages: Sequence[PendingMessage]) -> dict[int, Any]:
    """``products``: a shelf for keys ``best/COUNT``, ``new/COUNT`` and ``chosen/ID,ID``.

    A category may follow the count: ``best/4/Soap``.
    """
    shelf = Shelf(_find_products)
    return {message.id: shelf for message in messages}


def review_values(messages: Sequence[PendingMessage]) -> dict[int, Any]:
    """``reviews``: a shelf for keys ``best/COUNT`` and ``best/COUNT/PRODUCT-ID``."""
    shelf = Shelf(_find_reviews)
    return {message.id: shelf for message in messages}


def question_values(messages: Sequence[PendingMessage]) -> dict[int, Any]:
    """``questions``: a shelf for keys ``newest/COUNT`` and ``newest/COUNT/PRODUCT-ID``."""
    shelf = Shelf(_find_questions)
    return {message.id: shelf for message in messages}


def recommendation_values(messages: Sequence[PendingMessage]) -> dict[int, list[Row]]:
    """``recommendations``: best sellers that the person did not buy, while nobody knows better.

    First those of the category that they bought of or looked at last, then those of all.
    """
    people = {message.profile.id for message in messages}
    last = find_last_categories(people, clock.now())
    usual, liked = best_sellers(2 * MOST), best_of(set(last.values()), 2 * MOST)
    goods = {each.id: each for shelf in (*liked.values(), usual) for each in shelf}
    owned = find_owned(people, goods)
    found = {}
    for message in messages:
        person = message.profile.id
        shelf = [*liked.get(last.get(person, ""), ()), *usual]
        ids = dict.fromkeys(each.id for each in shelf if (person, each.id) not in owned)
        found[message.id] = [asdict(goods[pk]) for pk in list(ids)[:MOST]]
    return found


def _find_products(key: str) -> list[Row] | None:
    source, _, rest = key.partition("/")
    first, _, category = rest.partition("/")
    if source == "chosen":
        ids = [int(word) for word in first.split(",") if word.isdecimal() and len(word) < 19]  # noqa: PLR2004 bigint
        return [asdict(each) for each in find_goods(ids[:MOST])] if ids else None
    find = {"best": best_sellers, "new": newest_goods}.get(source)
    count = _count(first)
    if find is None or count is None:
        return None
    return [asdict(each) for each in find(count, unquote(category))]


def _find_reviews(key: str) -> list[Row] | None:
    asked = _of_product("best", key)
    if asked is None:
        return None
    return [{**asdict(row), "body": _shorten(row.body)} for row in list_praise(*asked)]


def _find_questions(key: str) -> list[Row] | None:
    asked = _of_product("newest", key)
    if asked is None:
        return None
    return [
        {
            **asdict(row),
            "question": _shorten(row.question),
            "answer": _shorten(row.answer),
        }
        for row in list_asked(*asked)
    ]


def _of_product(source: str, key: str) -> tuple[int, int | None] | None:
    """Return how many a key asks for, and of which product; None where it asks for nothing."""
    said, _, rest = key.partition("/")
    first, _, named = rest.partition("/")
    count = _count(first)
    is_product = not named or (named.isdecimal() and len(named) < 19)  # noqa: PLR2004 bigint
    if said != source or count is None or not is_product:
        return None
    return count, int(named) if named else None


def _count(text: str) -> int | None:
    is_count = text.isdecimal() and len(text) <= 2 and 0 < int(text) <= MOST  # noqa: PLR2004 digits
    return int(text) if is_count else None


def _shorten(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= LONGEST_WORDS:
        return words
    return words[:LONGEST_WORDS].rpartition(" ")[0].rstrip(",;:. ") + "…"
