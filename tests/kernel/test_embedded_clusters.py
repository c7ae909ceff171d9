"""The migrated cluster from which tests start: made once, made anew when migrations change."""

from pathlib import Path

import pytest

from kernel.embedded import clusters


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Names of the clusters that were made, without a server behind them."""
    names: list[str] = []

    def make(kept: Path) -> None:
        kept.mkdir()
        (kept / "PG_VERSION").write_text("18")
        names.append(kept.name)

    monkeypatch.setattr(clusters, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(clusters, "_make", make)
    return names


def test_copies_of_one_state_of_the_migrations_come_from_one_cluster(
    made: list[str], tmp_path: Path
) -> None:
    for name in ("first", "second"):
        clusters.copy_cluster(tmp_path / name)
        assert (tmp_path / name / "PG_VERSION").read_text() == "18"
    assert len(made) == 1


def test_another_state_has_a_cluster_of_its_own_and_the_oldest_go(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(clusters.KEPT + 2):
        monkeypatch.setattr(clusters, "migrations_digest", lambda number=number: str(number))
        clusters.copy_cluster(tmp_path / str(number))

    assert len(set(made)) == clusters.KEPT + 2
    kept = {path.name for path in (tmp_path / "cache").glob("cluster-*")}
    assert kept == set(made[-clusters.KEPT :])
