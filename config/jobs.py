"""Every kind of background job: who may start it, which service does its batches, what it says.

Read this file to learn what people can start and watch under ``/t/<slug>/jobs/``.
"""

from tenants.domain import capabilities
from tenants.types import JobKind

_KEPT_TAGS = "What was changed until then stays; people who were not reached are as they were."
_KEPT_FILE = "No file was made; your data is as it was."


def _of_people(
    label: str, service: str, kept: str, capability: str, *, undo: str = "", subject: str = ""
) -> JobKind:
    return JobKind(
        label=label,
        unit="people",
        capability=capability,
        service=f"crm.services.bulk.{service}",
        kept=kept,
        back="crm:profiles",
        back_label="Profiles",
        undo=undo,
        subject=subject,
    )


def _of_file(label: str, service: str, kept: str) -> JobKind:
    return JobKind(
        label=label,
        unit="rows",
        capability=capabilities.MANAGE_STORES,
        service=f"imports.services.steps.{service}",
        kept=kept,
        back="imports:list",
        back_label="Imports",
        subject="file",
    )


def _of_lists(label: str, service: str, kept: str) -> JobKind:
    return JobKind(
        label=label,
        unit="people",
        capability=capabilities.EDIT_SEGMENTS,
        service=f"segments.services.lists.{service}",
        kept=kept,
        back="segments:list",
        back_label="Segments",
        subject="name",
    )


JOBS: dict[str, JobKind] = {
    "lists.add": _of_lists(
        "Adding to a list", "add_batch", "Whoever was put on the list until then stays on it."
    ),
    "lists.copy": _of_lists(
        "Copying a segment", "copy_batch", "Whoever was copied until then is on the list."
    ),
    "flows.enrol": JobKind(
        label="Putting people into a flow",
        unit="people",
        capability=capabilities.EDIT_FLOWS,
        service="flows.services.manual.enrol_batch",
        kept="Whoever entered until then is in the flow; nobody enters twice.",
        back="flows:list",
        back_label="Flows",
        subject="name",
    ),
    "flows.product_issue": JobKind(
        label="Writing to the buyers of a product",
        unit="people",
        capability=capabilities.EDIT_FLOWS,
        service="flows.services.product_issues.notify_batch",
        kept="Whoever was written to until then knows; nobody is written to twice.",
        back="flows:list",
        back_label="Flows",
        subject="name",
    ),
    "flows.move": JobKind(
        label="Moving people to a new version",
        unit="people",
        capability=capabilities.EDIT_FLOWS,
        service="flows.services.moving.move_batch",
        kept="Whoever was moved until then is in the new version; the others go on in theirs.",
        back="flows:list",
        back_label="Flows",
        subject="name",
    ),
    "segments.audience": JobKind(
        label="Hashed addresses for ads",
        unit="people",
        capability=capabilities.EXPORT_PROFILES,
        service="segments.services.audiences.write_batch",
        kept=_KEPT_FILE,
        back="segments:list",
        back_label="Segments",
        subject="name",
    ),
    "import.check": _of_file("Checking a file", "check_batch", "Nothing of the file was imported."),
    "import.run": _of_file(
        "Import of a file",
        "run_batch",
        "What was imported until then stays. Try again and it goes on where it stopped.",
    ),
    "import.discard": JobKind(
        label="Discarding a file",
        unit="rows",
        capability=capabilities.MANAGE_STORES,
        service="imports.services.discarding.discard_batch",
        kept="Nothing of the file was imported. Try again and it goes on where it stopped.",
        back="imports:list",
        back_label="Imports",
        subject="file",
    ),
    "import.undo": JobKind(
        label="Undoing an import",
        unit="things",
        capability=capabilities.MANAGE_STORES,
        service="imports.services.undoing.undo_batch",
        kept="What was undone until then stays so. Try again and it goes on where it stopped.",
        back="imports:list",
        back_label="Imports",
        subject="file",
    ),
    "tenant_export": JobKind(
        label="Export of everything",
        unit="rows",
        capability="tenant.manage",
        service="config.export.export_batch",
        kept="Nothing of the shop is changed by it.",
        back="tenants:danger",
        back_label="Danger zone",
    ),
    "flows.backtest": JobKind(
        label="Backtest of a flow",
        unit="people",
        capability=capabilities.EDIT_FLOWS,
        service="flows.services.dry.backtests.backtest_batch",
        kept="Nothing is sent and nothing of the shop is changed by it.",
        back="flows:list",
        back_label="Flows",
        subject="name",
    ),
    "inbox.replay": JobKind(
        label="Replaying deliveries",
        unit="deliveries",
        capability=capabilities.RETRY_DELIVERIES,
        service="stores.services.replaying.replay_batch",
        kept="What was replayed until then stays; what is known already does not change by it.",
        back="stores:list",
        back_label="Stores",
        subject="store",
    ),
    "data.phones": JobKind(
        label="Reading phone numbers with a country",
        unit="people",
        capability=capabilities.TAG_PROFILES,
        service="crm.services.repairs.read_phones_batch",
        kept="Numbers that were read until then stay read.",
        back="analytics:data",
        back_label="Data",
        subject="country",
    ),
    "data.orders": JobKind(
        label="Linking orders by email",
        unit="orders",
        capability=capabilities.TAG_PROFILES,
        service="crm.services.strays.link_batch",
        kept="Orders that were linked until then stay linked.",
        back="analytics:data",
        back_label="Data",
    ),
    "data.categories": JobKind(
        label="Giving products a category",
        unit="products",
        capability=capabilities.MANAGE_SETTINGS,
        service="crm.services.repairs.set_category_batch",
        kept="Products that were reached keep the category.",
        back="analytics:data",
        back_label="Data",
        subject="category",
    ),
    "products.flag": JobKind(
        label="Applying the rules of product flags",
        unit="products",
        capability=capabilities.MANAGE_SETTINGS,
        service="crm.services.flags.flag_batch",
        kept="Products that were not reached have the flags of the rules before.",
        back="crm:flags",
        back_label="Product flags",
    ),
    "profiles.export": _of_people(
        "Export of profiles", "export_people", _KEPT_FILE, capabilities.EXPORT_PROFILES
    ),
    "profiles.tag": _of_people(
        "Adding a tag",
        "tag_people",
        _KEPT_TAGS,
        capabilities.TAG_PROFILES,
        undo="profiles.tag.undo",
        subject="tag",
    ),
    "profiles.untag": _of_people(
        "Removing a tag",
        "untag_people",
        _KEPT_TAGS,
        capabilities.TAG_PROFILES,
        undo="profiles.tag.undo",
        subject="tag",
    ),
    "profiles.tag.undo": _of_people(
        "Undoing a change of tags",
        "undo_tagging",
        _KEPT_TAGS,
        capabilities.TAG_PROFILES,
        subject="tag",
    ),
}
