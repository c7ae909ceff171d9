"""The migrated cluster from which tests start: made once, made anew when migrations change."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kernel.embedded import clusters
from kernel.embedded.paths import PROJECT

Made = list[tuple[str, str | None]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    """What was made from what, without a server behind it."""
    names: Made = []

    def make(kept: Path, made_of: dict[str, str], base: Path | None) -> None:
        (kept / clusters.CLUSTER).mkdir(parents=True)
        (kept / clusters.CLUSTER / "PG_VERSION").write_text("18")
        (kept / clusters.MADE_OF).write_text(json.dumps(made_of))
        names.append((kept.name, base.name if base else None))

    monkeypatch.setattr(clusters, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(clusters, "_make", make)
    return names


def copy(monkeypatch: pytest.MonkeyPatch, target: Path, **files: str) -> None:
    """Copy a cluster that follows from some files, told by their content."""
    monkeypatch.setattr(clusters, "_made_of", lambda: files)
    clusters.copy_cluster(target)
    assert (target / "PG_VERSION").read_text() == "18"


def test_copies_of_one_state_of_the_migrations_come_from_one_cluster(
    made: Made, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        clusters.copy_cluster(tmp_path / name)
        assert (tmp_path / name / "PG_VERSION").read_text() == "18"
    assert len(made) == 1


def test_what_was_only_added_goes_on_from_the_cluster_before(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(monkeypatch, tmp_path / "1", first="a")
    copy(monkeypatch, tmp_path / "2", first="a", second="b")
    copy(monkeypatch, tmp_path / "3", first="changed", second="b")
    assert [base for _, base in made] == [None, made[0][0], None]


def test_the_clusters_that_were_used_longest_ago_go(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(clusters.KEPT + 2):
        copy(monkeypatch, tmp_path / str(number), first=str(number))
    assert len(set(made)) == clusters.KEPT + 2
    kept = {path.name for path in (tmp_path / "cache").glob("cluster-*")}
    assert kept == {name for name, _ in made[-clusters.KEPT :]}


def test_a_cluster_follows_from_every_migration_and_from_what_makes_tables() -> None:
    found: Any = clusters._made_of()
    assert {"crm/migrations/0001_initial.py", "kernel/tenancy.py"} <= set(found)
    assert "config/requirements/base.txt" in found


def test_migrations_take_of_the_project_only_what_the_cluster_follows_from() -> None:
    apps = "|".join(path.parent.name for path in PROJECT.glob("*/migrations"))
    line = re.compile(rf"^\s*(?:from|import) ((?:{apps}|kernel|config)\.[\w.]+)", re.MULTILINE)
    taken = {
        name
        for path in PROJECT.glob("*/migrations/*.py")
        for name in line.findall(path.read_text(encoding="utf-8"))
    }
    assert taken == {"kernel.migrations", "kernel.tenancy"}
