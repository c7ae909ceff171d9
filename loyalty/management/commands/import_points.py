"""`import_points`: balances of another loyalty tool out of a CSV file."""

import csv
import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.errors import DomainError
from kernel.scope import tenant_scope
from loyalty.services.opening import NEW, UNCHANGED, Opening, post_openings
from tenants.queries import find_tenant
from tenants.services import audit

BATCH = 1_000
MAX_DIGITS = 10
COLUMNS = ("member_id", "email", "phone", "customer_id", "points")


class Command(BaseCommand):
    """Posts opening balances, one row per member, each once however often the file is read."""

    help = (
        f"Import points balances from a CSV with the columns {', '.join(COLUMNS)}; points and one "
        "of email, phone and customer_id are needed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True, help="slug")
        parser.add_argument("--source", required=True, help="the tool, such as Smile")
        parser.add_argument("--store", type=int, help="id of the store that customer_id is of")
        parser.add_argument("--dry-run", action="store_true", help="check and write nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        sums: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        try:
            rows = _read(options["file"], options["store"])
            with tenant_scope(tenant.pk):
                while batch := list(islice(rows, BATCH)):
                    result = post_openings(
                        batch,
                        source=options["source"],
                        actor=audit.SYSTEM,
                        is_trial=options["dry_run"],
                    )
                    sums["read"] += len(batch)
                    for word in (NEW, UNCHANGED, "rejected"):
                        sums[word] += result.count(word)
                    sums["points"] += result.points
                    sums["known_points"] += result.known_points
                    refused = (text for text in result.outcomes if text.startswith("rejected"))
                    reasons.update(text.partition(": ")[2] for text in refused)
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        figures = {**sums, "dry_run": options["dry_run"], "reasons": dict(reasons.most_common())}
        if options["json"]:
            self.stdout.write(json.dumps(figures, ensure_ascii=False))
            return
        for name, value in sums.items():
            self.stdout.write(f"{name}: {value:,}")
        for reason, count in reasons.most_common():
            self.stdout.write(f"  {count:,} × {reason}")


def _read(path: Path, store_id: int | None) -> Iterator[Opening]:
    """Yield the rows of a file.

    Raises:
        CommandError: there is no such file, or it lacks the column ``points``.
    """
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as exc:
        raise CommandError(f"{path} cannot be read: {exc.strerror}.") from exc
    with file:
        rows = csv.DictReader(file)
        if "points" not in (rows.fieldnames or ()):
            raise CommandError(f"The file needs a column points, and of {', '.join(COLUMNS)}.")
        for row in rows:
            said = {name: (row.get(name) or "").strip() for name in COLUMNS}
            yield Opening(
                points=_points(said["points"]),
                member_id=said["member_id"],
                email=said["email"],
                phone=said["phone"],
                store_id=store_id,
                customer_id=said["customer_id"],
            )


def _points(text: str) -> int:
    """Return whole points; 0, which is refused, for anything else."""
    digits = text.replace(",", "")
    return int(digits) if digits.isdecimal() and len(digits) <= MAX_DIGITS else 0
