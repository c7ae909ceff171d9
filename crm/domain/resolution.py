"""Who is who: from identifiers to persons. Pure; reading and writing rows is elsewhere.

Claims are taken one after the other. A claim whose identifiers nobody has makes a new person; one
match attaches; several matches unite, unless two of them are different customers of one store:
those stay apart, the claim goes to the one whose customer id it names, and the other identifiers
stay where they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.choices import IdentityKind

Key = tuple[str, str]
"""Kind and normalised value of an identifier."""

LIMITS = {str(IdentityKind.EMAIL): 5, str(IdentityKind.PHONE): 3}
"""How many identifiers of a kind one person may have."""


@dataclass(slots=True, eq=False)
class Person:
    """Somebody; ``profile_ids`` are the profiles that were found to be them, none when new."""

    profile_ids: list[int] = field(default_factory=list)
    keys: dict[Key, bool] = field(default_factory=dict)
    """Identifiers; True for one that is not stored yet."""
    customers: dict[int, str] = field(default_factory=dict)
    """Customer identifier by store."""
    rule: str = ""
    """Kind of the identifier by which profiles were found to be one."""
    united_into: "Person | None" = None

    def final(self) -> "Person":
        """Return the person that this one was united into, or this one."""
        person = self
        while person.united_into is not None:
            person = person.united_into
        return person

    def count(self, kind: str) -> int:
        """Return how many identifiers of a kind they have."""
        return sum(1 for key in self.keys if key[0] == kind)


class Register:
    """The persons of a batch by identifier, filled with what is stored."""

    def __init__(self, store_id: int) -> None:
        self._store_id = store_id
        self._by_key: dict[Key, Person] = {}

    def add_known(self, profile_id: int, identifiers: Sequence[tuple[Key, int | None]]) -> Person:
        """Put in a stored profile with all its identifiers (and the store of a customer id)."""
        person = Person(profile_ids=[profile_id])
        for key, store_id in identifiers:
            person.keys[key] = False
            self._by_key[key] = person
            if store_id is not None:
                person.customers[store_id] = key[1]
        return person

    def resolve(self, keys: Sequence[Key]) -> Person:
        """Return whom a claim's identifiers mean; united persons answer through `Person.final`.

        Args:
            keys: at least one; a customer id of the register's store comes first.
        """
        matched = self._match(keys)
        if not matched:
            return self._attach(Person(), keys)
        person = matched[0]
        if self._stays_apart(person, keys):
            return self._attach(Person(), keys)
        self._attach(person, keys)
        for other in matched[1:]:
            if _may_unite(person, other):
                self._unite(person, other, keys)
        return person

    def _match(self, keys: Sequence[Key]) -> list[Person]:
        found = [self._by_key[key].final() for key in keys if key in self._by_key]
        return list(dict.fromkeys(found))

    def _stays_apart(self, person: Person, keys: Sequence[Key]) -> bool:
        """Say whether a claim means somebody else than the person whom it matches first."""
        kind, value = keys[0]
        if kind == IdentityKind.CUSTOMER_ID:
            return person.customers.get(self._store_id, value) != value
        by_phone_alone = all(key[0] == IdentityKind.PHONE for key in keys if key in self._by_key)
        return by_phone_alone and self._is_crowded(person, keys)

    def _is_crowded(self, person: Person, keys: Sequence[Key]) -> bool:
        """Say whether a shared phone would gather more addresses than one person has."""
        new = sum(1 for key in keys if key[0] == IdentityKind.EMAIL and key not in person.keys)
        return new > 0 and person.count(IdentityKind.EMAIL) >= LIMITS[str(IdentityKind.EMAIL)]

    def _unite(self, person: Person, other: Person, keys: Sequence[Key]) -> None:
        person.rule = next(key[0] for key in keys if key in other.keys)
        person.profile_ids += other.profile_ids
        person.keys |= other.keys
        person.customers |= other.customers
        other.united_into = person

    def _attach(self, person: Person, keys: Sequence[Key]) -> Person:
        for key in keys:
            if key in self._by_key:
                continue
            if key[0] == IdentityKind.CUSTOMER_ID:
                person.customers[self._store_id] = key[1]
            person.keys[key] = True
            self._by_key[key] = person
        return person


def _may_unite(one: Person, other: Person) -> bool:
    shared = one.customers.keys() & other.customers.keys()
    return all(one.customers[store] == other.customers[store] for store in shared)
