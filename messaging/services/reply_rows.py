"""Which mailboxes are read: those of accounts that have one, and an address for replies."""

from kernel import clock
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.models import ReplyMailbox

KIND = "mailboxes"


def keep_mailbox(account_id: int, *, is_read: bool) -> None:
    """Have the mailbox of an account read, or not any more; joins the caller's transaction.

    A mailbox that could not be read is tried at once: its address may have been mended.
    """
    if not is_read:
        ReplyMailbox.objects.filter(account_id=account_id).delete()
        return
    now = clock.now()
    row, is_new = ReplyMailbox.objects.get_or_create(
        account_id=account_id, defaults={"due_at": now}
    )
    if not is_new and row.fault:
        ReplyMailbox.objects.filter(pk=row.pk).update(due_at=now, fault="", faults=0)
    ring(KIND, current_tenant_id())
