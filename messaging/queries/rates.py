"""How fast messages may leave: every limit that there is or could be, by what it counts."""

from dataclasses import dataclass

from crm.domain.channels import CHANNEL_LABELS
from messaging.choices import LimitKind, MessageStatus, SkipReason
from messaging.domain.mailboxes import LABELS
from messaging.domain.server_limits import REMOTE, LimitName
from messaging.models import ChannelAccount, Message, RateLimit, Sender, SendingDomain

WAITING_CEILING = 1_000


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit.

    Attributes:
        title: what it counts, for people.
        per_minute: as somebody set it; 0 is none, None the default.
        default: of a mail server of one's own; 0 is none.
    """

    kind: str
    name: str
    title: str
    per_minute: int | None
    default: int

    @property
    def field(self) -> str:
        """Return the name of its field in a form."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class LimitGroup:
    """The limits of one kind, with what they are for."""

    title: str
    text: str
    rows: list[LimitRow]


def list_limits() -> list[LimitGroup]:
    """Return every limit by kind, set or not."""
    told = {(row.kind, row.name): row.per_minute for row in RateLimit.objects.all()}
    domains = sorted(
        {name for kind, name in told if kind == LimitKind.DOMAIN}
        | set(SendingDomain.objects.values_list("domain", flat=True))
        | {email.rpartition("@")[2] for email in Sender.objects.values_list("email", flat=True)}
    )
    accounts = ChannelAccount.objects.filter(removed_at=None).order_by("channel", "name", "pk")
    parts: list[tuple[str, str, list[tuple[LimitName, str]]]] = [
        (
            "All mail",
            "Everything that leaves by email, whoever it is from.",
            [((LimitKind.TENANT.value, ""), "All mail")],
        ),
        (
            "By mailbox provider",
            (
                "They refuse what comes too fast from whom they do not know yet. The defaults hold"
                " for a mail server of your own; providers of mail say themselves when to wait."
            ),
            [((LimitKind.MAILBOX.value, name), label) for name, label in LABELS.items()],
        ),
        (
            "By domain",
            "Mail that is from an address of the domain.",
            [((LimitKind.DOMAIN.value, name), name) for name in domains],
        ),
        (
            "By account",
            "All messages over one account at a provider, such as the rate of your plan.",
            [
                (
                    (LimitKind.ACCOUNT.value, str(row.pk)),
                    f"{row.name} ({CHANNEL_LABELS[row.channel]})",
                )
                for row in accounts
            ],
        ),
    ]
    return [
        LimitGroup(
            title,
            text,
            [LimitRow(*name, label, told.get(name), REMOTE.get(name, 0)) for name, label in named],
        )
        for title, text, named in parts
        if named
    ]


def count_waiting_for_rates() -> int:
    """Return how many messages wait for their turn, up to the ceiling."""
    rows = Message.objects.filter(status=MessageStatus.PENDING, reason=SkipReason.RATE)
    return len(rows.values_list("pk", flat=True)[:WAITING_CEILING])
