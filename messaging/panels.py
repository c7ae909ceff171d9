"""What the pages of messages show of the apps above, which fill it in when they start."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

ListFlows = Callable[[], Mapping[int, str]]
"""Answers names by the id that `Message.flow_id` carries, for the active tenant."""

_lists: list[ListFlows] = []


def fill_flows(list_flows: ListFlows) -> None:
    """Say who knows what the flows of messages are called."""
    if list_flows not in _lists:
        _lists.append(list_flows)


def list_flows() -> dict[int, str]:
    """Return the names of what messages come from, by id."""
    return {flow_id: name for names in _lists for flow_id, name in names().items()}


FindCampaign = Callable[[int], str]
"""Takes the id that `Message.campaign_id` carries; answers its name, empty for none."""

_campaigns: list[FindCampaign] = []


def fill_campaigns(find: FindCampaign) -> None:
    """Say who knows what the campaigns of messages are called."""
    if find not in _campaigns:
        _campaigns.append(find)


def find_campaign(campaign_id: int) -> str:
    """Return the name of a campaign of the active tenant; empty where there is none."""
    return next((name for find in _campaigns if (name := find(campaign_id))), "")


HearsOf = Callable[[str], bool]
"""Takes the name of an event; answers whether anything of the active tenant begins with it now."""

_hearers: list[HearsOf] = []


def fill_hearer(hears_of: HearsOf) -> None:
    """Say who knows what begins with an event."""
    if hears_of not in _hearers:
        _hearers.append(hears_of)


def is_heard(event: str) -> bool:
    """Say whether anybody is written to, or anything else begins, when an event happens now."""
    return any(hears_of(event) for hears_of in _hearers)


@dataclass(frozen=True, slots=True)
class TemplateUser:
    """One thing that sends a template.

    Attributes:
        kind: what it is, such as ``Flow``.
        route: name of its page's address, which takes the tenant's slug and the id.
    """

    kind: str
    name: str
    route: str
    object_id: int


ListTemplateUsers = Callable[[Collection[str]], Mapping[str, Sequence[TemplateUser]]]
"""Takes keys of templates of the active tenant; answers what sends each."""

_users: list[ListTemplateUsers] = []


def fill_template_users(list_users: ListTemplateUsers) -> None:
    """Say who knows what sends templates."""
    if list_users not in _users:
        _users.append(list_users)


def list_template_users(keys: Collection[str]) -> dict[str, list[TemplateUser]]:
    """Return what sends each of some templates, by their keys."""
    found: dict[str, list[TemplateUser]] = {}
    for ask in _users:
        for key, users in ask(keys).items():
            found.setdefault(key, []).extend(users)
    return found


class Losing(NamedTuple):
    """What people unsubscribe from: a flow, or the mails to a segment.

    Attributes:
        kind: what it is, for people.
        route: name of its page's address, which takes the tenant's slug and the id.
        arrived: marketing mails that did not come back.
        unsubscribed: those of them from which somebody unsubscribed.
    """

    kind: str
    route: str
    object_id: int
    name: str
    arrived: int
    unsubscribed: int

    @property
    def rate(self) -> float:
        """Return the share of mails from which somebody unsubscribed, 0 to 1."""
        return self.unsubscribed / self.arrived if self.arrived else 0.0


CountLosing = Callable[[datetime], Sequence[Losing]]
"""Takes since when the mails left; answers for the active tenant, once a day."""

_losing: list[CountLosing] = []


def fill_losing(count: CountLosing) -> None:
    """Say who can count by what unsubscribes are told apart."""
    if count not in _losing:
        _losing.append(count)


def count_losing(since: datetime) -> list[Losing]:
    """Return by everything how many unsubscribed, the highest rate first."""
    found = [row for count in _losing for row in count(since)]
    return sorted(found, key=lambda row: (-row.rate, row.kind, row.object_id))


class SenderTrait(NamedTuple):
    """Something of people by which their sender and what they see is chosen, such as their tier.

    Attributes:
        key: stored with rules and templates; never changes.
        list_choices: value and words of each value that there is, for the active tenant.
        find: the value, or a list of them, of each of some people who have one, by profile id, in
            one statement.
        is_for_content: whether no sender is chosen by it.
    """

    key: str
    label: str
    list_choices: Callable[[], Sequence[tuple[str, str]]]
    find: Callable[[Collection[int]], Mapping[int, object]]
    is_for_content: bool = False


_traits: list[SenderTrait] = []


def fill_sender_trait(trait: SenderTrait) -> None:
    """Say who knows something of people that senders and content are chosen by."""
    if trait not in _traits:
        _traits.append(trait)


def list_sender_traits() -> list[SenderTrait]:
    """Return what apps above know of people that senders and content can be chosen by."""
    return list(_traits)
