"""Who is who: from identifiers to persons. Pure; reading and writing rows is elsewhere.

Claims are taken one after the other. A claim whose identifiers nobody has makes a new person; one
match attaches; several matches unite, unless two of them are different customers of one store:
those stay apart, the claim goes to the one whose customer id it names, and the other identifiers
stay where they were. Whoever stays apart and yet claims the same is a doubt, for people to decide.

An address that was only typed says who somebody is and no more: whoever is reached somewhere, or of
whom a store or they themselves said something, gets no other address or number by it, and it makes
one of neither two such persons nor two customers; that is left to people. A claim that meets them
by its number alone, and brings an address that nobody has, is a new person's. An id of a browser or
device is weak: what it did before joins the first person who becomes known with it. When a second
one does, it is shared and says nobody any more; that the two may be one is a doubt as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.choices import IdentityKind

Key = tuple[str, str]
"""Kind and normalised value of an identifier."""

WEAK = frozenset({str(IdentityKind.DEVICE), str(IdentityKind.ANONYMOUS)})
LIMITS = {str(IdentityKind.EMAIL): 5, str(IdentityKind.PHONE): 3}
"""How many identifiers of a kind one person may have."""


@dataclass(slots=True, eq=False)
class Person:
    """Somebody; ``profile_ids`` are the profiles that were found to be them, none when new."""

    profile_ids: list[int] = field(default_factory=list)
    keys: dict[Key, bool] = field(default_factory=dict)
    """Identifiers; True for one that is not stored yet."""
    customers: dict[int, set[str]] = field(default_factory=dict)
    """Customer identifiers by store: one of each, or several where a member made them one."""
    is_told: bool = False
    """Whether more is known of them than a site claimed: a store's word, an address, consent."""
    rule: str = ""
    """Kind of the identifier by which profiles were found to be one."""
    united_into: "Person | None" = None

    def final(self) -> "Person":
        """Return the person that this one was united into, or this one."""
        person = self
        while person.united_into is not None:
            person = person.united_into
        return person

    @property
    def is_known(self) -> bool:
        """Whether anything but a browser or device says who they are."""
        return any(kind not in WEAK for kind, _ in self.keys)

    @property
    def is_settled(self) -> bool:
        """Whether what is only typed adds no way to reach them."""
        return self.is_told or any(kind in LIMITS for kind, _ in self.keys)

    def count(self, kind: str) -> int:
        """Return how many identifiers of a kind they have."""
        return sum(1 for key in self.keys if key[0] == kind)


class Register:
    """The persons of a batch by identifier, filled with what is stored."""

    def __init__(self, store_id: int) -> None:
        self._store_id = store_id
        self._by_key: dict[Key, Person] = {}
        self._shared: set[Key] = set()
        self.newly_shared: list[Key] = []
        """Weak identifiers that turned out to be several persons'."""
        self.doubts: list[tuple[Person, Person, str]] = []
        """Pairs that may be one, and the kind of identifier that says so."""

    def add_known(
        self,
        profile_id: int,
        identifiers: Sequence[tuple[Key, int | None]],
        *,
        is_told: bool = False,
    ) -> Person:
        """Put in a stored profile with all its identifiers (and the store of a customer id)."""
        person = Person(profile_ids=[profile_id], is_told=is_told)
        for key, store_id in identifiers:
            person.keys[key] = False
            self._by_key[key] = person
            if store_id is not None:
                person.customers.setdefault(store_id, set()).add(key[1])
        return person

    def add_shared(self, key: Key) -> None:
        """Put in a weak identifier of which it is known that several persons have it."""
        self._shared.add(key)

    def resolve(
        self, keys: Sequence[Key], weak: Sequence[Key] = (), *, is_typed: bool = False
    ) -> Person | None:
        """Return whom a claim's identifiers mean; united persons answer through `Person.final`.

        Args:
            keys: strong ones; a customer id of the register's store comes first.
            weak: of the browser or device.
            is_typed: nobody has verified address and number.

        Returns:
            None when there are only weak ones, and each is shared.
        """
        person = self._resolve_strong(keys, is_typed=is_typed) if keys else None
        for key in weak:
            if key not in self._shared:
                person = self._join(person, key)
        return person

    def doubt(self, person: Person, keys: Sequence[Key]) -> None:
        """Note that whoever has one of some identifiers may be the same person."""
        for other, rule in ((self._by_key.get(key), key[0]) for key in keys):
            if other is not None and other.final() is not person.final():
                self.doubts.append((person, other, rule))

    def _resolve_strong(self, keys: Sequence[Key], *, is_typed: bool) -> Person:
        matched = self._match(keys)
        if not matched:
            return self._attach(Person(), keys)
        person, others = matched[0], matched[1:]
        is_stranger = self._stays_apart(person, keys, is_typed=is_typed)
        if is_stranger:
            person, others = self._attach(Person(), keys), matched
        elif is_typed and any(each.is_settled for each in matched):
            self._attach(person, [key for key in keys if key[0] not in LIMITS])
        else:
            self._attach(person, keys)
        for other in others:
            rule = next(key[0] for key in keys if key in other.keys)
            if _may_unite(person, other) and not (is_typed and _are_settled(person, other)):
                if is_typed or not is_stranger:
                    self._unite(person, other, rule)
            else:
                self.doubts.append((person, other, rule))
        return person

    def _join(self, person: Person | None, key: Key) -> Person:
        """Add a weak identifier to a person, or find the person by it."""
        found = self._by_key.get(key)
        owner = found.final() if found else None
        if owner is None or owner is person:
            return self._attach(person or Person(), [key])
        if person is None:
            return owner
        if person.is_known and owner.is_known:
            self._shared.add(key)
            self.newly_shared.append(key)
            self.doubts.append((person, owner, key[0]))
            return person
        into, other = (person, owner) if person.is_known else (owner, person)
        self._unite(into, other, key[0])
        return into

    def _match(self, keys: Sequence[Key]) -> list[Person]:
        found = [self._by_key[key].final() for key in keys if key in self._by_key]
        return list(dict.fromkeys(found))

    def _stays_apart(self, person: Person, keys: Sequence[Key], *, is_typed: bool) -> bool:
        """Say whether a claim means somebody else than the person whom it matches first."""
        kind, value = keys[0]
        if kind == IdentityKind.CUSTOMER_ID:
            own = person.customers.get(self._store_id, {value})
            if value not in own or not is_typed:
                return value not in own
        if any(key[0] != IdentityKind.PHONE for key in keys if key in self._by_key):
            return False
        if is_typed and person.is_settled:
            return any(key[0] == IdentityKind.EMAIL for key in keys)
        return self._is_crowded(person, keys)

    def _is_crowded(self, person: Person, keys: Sequence[Key]) -> bool:
        """Say whether a shared phone would gather more addresses than one person has."""
        new = sum(1 for key in keys if key[0] == IdentityKind.EMAIL and key not in person.keys)
        return new > 0 and person.count(IdentityKind.EMAIL) >= LIMITS[str(IdentityKind.EMAIL)]

    def _unite(self, person: Person, other: Person, rule: str) -> None:
        person.rule = rule
        person.profile_ids += other.profile_ids
        person.is_told = person.is_told or other.is_told
        person.keys |= other.keys
        for store_id, values in other.customers.items():
            person.customers.setdefault(store_id, set()).update(values)
        other.united_into = person

    def _attach(self, person: Person, keys: Sequence[Key]) -> Person:
        for key in keys:
            if key in self._by_key:
                continue
            if key[0] == IdentityKind.CUSTOMER_ID:
                person.customers.setdefault(self._store_id, set()).add(key[1])
            person.keys[key] = True
            self._by_key[key] = person
        return person


def _are_settled(one: Person, other: Person) -> bool:
    """Say whether it takes more than typed words to make one of two."""
    return bool(one.customers and other.customers) or (one.is_settled and other.is_settled)


def _may_unite(one: Person, other: Person) -> bool:
    shared = one.customers.keys() & other.customers.keys()
    return all(one.customers[store] == other.customers[store] for store in shared)
