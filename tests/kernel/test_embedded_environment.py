from pathlib import Path

import pytest

from kernel.embedded import environment


def test_a_file_of_settings_is_read_with_quotes_comments_and_export(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("# comment\nA=1\nexport B='two words'\n\nC=\"x=y\"\nnonsense\nD=\n")

    assert environment.read_env_file(path) == {"A": "1", "B": "two words", "C": "x=y", "D": ""}


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "env"
    path.write_text("LOG_LEVEL=DEBUG\nREDIS_URL=redis://file\n")
    monkeypatch.setattr(environment, "ENV_FILE", path)
    monkeypatch.setenv("REDIS_URL", "redis://environment")

    values = environment.inherited()

    assert values["LOG_LEVEL"] == "DEBUG"
    assert values["REDIS_URL"] == "redis://environment"


def test_a_command_is_found_where_an_app_brings_it() -> None:
    assert environment.has_command("migrate")
    assert not environment.has_command("no_such_command")
