"""What the audit trail can say: every action with the words that people read."""

from typing import Final

ACTIONS: Final[dict[str, str]] = {
    "login.succeeded": "logged in",
    "login.failed": "failed to log in: wrong password",
    "login.code_refused": "failed to log in: wrong code",
    "sessions.ended": "ended sessions",
    "password.changed": "changed their password",
    "password.reset": "chose a new password by mail",
    "email.changed": "changed their email address",
    "two_step.added": "added a second step",
    "two_step.removed": "removed a second step",
    "two_step.codes_renewed": "made new recovery codes",
    "invitation.sent": "invited somebody",
    "invitation.resent": "sent an invitation again",
    "invitation.revoked": "revoked an invitation",
    "member.joined": "joined",
    "member.role_changed": "changed a role",
    "member.removed": "removed a member",
    "member.left": "left",
    "tenant.created": "created the shop",
    "tenant.changed": "changed the shop",
    "tenant.suspended": "suspended the shop",
    "tenant.resumed": "resumed the shop",
    "tenant.deletion_requested": "asked for the shop to be deleted",
    "tenant.restored": "took the deletion of the shop back",
    "tenant.handed_over": "handed the shop over",
    "tenant.two_step_changed": "changed whether two-step verification is needed",
    "audit.exported": "exported the audit trail",
    "sender.added": "added a sender",
    "sender.changed": "changed a sender",
    "sender.made_default": "made a sender the one that is used",
    "sender.removed": "removed a sender",
    "sender.verified": "verified a sender",
    "domain.added": "added a sending domain",
    "domain.removed": "removed a sending domain",
    "domain.verified": "saw a sending domain verified",
    "domain.lost": "saw a sending domain lose its records",
    "brand.changed": "changed the brand",
    "key.created": "made an API key",
    "key.revoked": "revoked an API key",
    "store.connected": "connected a store",
    "store.renamed": "renamed a store",
    "store.secret_changed": "changed the signing secret of a store",
    "store.credentials_changed": "changed the API credentials of a store",
    "store.webhooks_registered": "made the webhooks of a store",
    "store.sync_started": "started to fetch a store",
    "store.check_started": "had a store's orders compared",
    "store.writing_changed": "changed what is written to a store",
    "store.writes_retried": "had what a store refused written again",
    "store.codes_asked": "asked for discount codes",
    "store.code_ended": "ended a discount code",
    "store.disconnected": "disconnected a store",
    "store.reconnected": "connected a store again",
    "store.uninstalled": "saw a store uninstall",
    "delivery.retried": "retried deliveries",
    "segment.created": "created a segment",
    "segment.changed": "changed a segment",
    "segment.deleted": "deleted a segment",
    "flow.created": "created a flow",
    "flow.published": "published a flow",
    "flow.status_changed": "switched a flow",
    "flow.resumed": "resumed a flow",
    "profile.saved": "created or changed a profile",
    "profile.consent_changed": "changed a consent",
    "profile.data_requested": "received a request for a person's data",
    "profile.erased": "erased profiles",
    "profile.exported": "exported a person's data",
    "profile.merged": "merged profiles",
    "profile.unmerged": "took a merge back",
    "profile.tagged": "tagged profiles",
    "duplicates.searched": "searched for duplicates",
    "duplicates.parted": "said that profiles are not the same",
    "duplicates.reopened": "took back that profiles are not the same",
    "note.added": "wrote a note",
    "note.edited": "changed a note",
    "note.deleted": "deleted a note",
    "profiles.exported": "exported profiles",
    "view.saved": "saved a view of the people",
    "view.changed": "changed a view of the people",
    "view.deleted": "deleted a view of the people",
    "view.restored": "restored a view of the people",
    "points.adjusted": "gave or took points",
    "points.opened": "brought opening balances of points",
    "points.exported": "exported the points ledger",
    "program.updated": "changed the points programme",
    "orders.exported": "exported orders",
    "message.retried": "let a failed message wait again",
    "import.uploaded": "uploaded a file to import",
    "import.discarded": "discarded a file that was not imported",
    "import.undo_started": "began to undo an import",
    "import.undone": "undid an import",
    "move.created": "tried a key of Klaviyo to move from there",
    "move.started": "began to fetch from Klaviyo",
    "move.resumed": "let a move from Klaviyo go on",
    "move.cancelled": "cancelled a move from Klaviyo",
    "job.started": "started a job",
    "job.cancelled": "stopped a job",
    "job.retried": "let a failed job go on",
    "job.undone": "undid a job",
}
"""By stored word; a change that records another one fails a test."""

OBJECTS: Final[dict[str, str]] = {
    "person": "Log-ins and accounts",
    "invitation": "Invitations",
    "member": "Members",
    "tenant": "The shop",
    "audit": "Audit trail",
    "sender": "Senders",
    "domain": "Sending domains",
    "brand": "Brand",
    "key": "API keys",
    "store": "Stores",
    "delivery": "Deliveries",
    "segment": "Segments",
    "flow": "Flows",
    "profile": "Profiles",
    "duplicate": "Probable duplicates",
    "note": "Notes",
    "view": "Saved views",
    "points": "Points",
    "program": "Points programme",
    "order": "Orders",
    "message": "Messages",
    "import": "Imports",
    "move": "Moves from other tools",
    "job": "Jobs",
}
"""What can be changed, in the order in which it is offered as a filter."""

PAGES: Final[dict[str, str]] = {
    "profile": "crm:profile",
    "segment": "segments:detail",
    "flow": "flows:detail",
    "store": "stores:detail",
    "order": "crm:order",
    "message": "messaging:detail",
    "import": "imports:detail",
    "job": "tenants:job",
    "delivery": "stores:delivery",
}
"""Names of the addresses that show an object; they take the slug and the id."""


def describe(action: str) -> str:
    """Return what people read for an action; one that is not listed reads as it is stored."""
    return ACTIONS.get(action, action.replace(".", " ").replace("_", " "))


def describe_actor(actor: str) -> str:
    """Return what people read for who did it."""
    if actor == "system":
        return "Patron"
    kind, sign, hint = actor.partition(":")
    return f"API key {hint}" if sign and kind == "key" else actor


def describe_object(object_type: str) -> str:
    """Return what people read for a kind of object."""
    return OBJECTS.get(object_type, object_type.replace("_", " ").capitalize())
