"""What is installed once is not installed again, and says so when it cannot be."""

import json
from pathlib import Path

import pytest

from kernel.embedded import install

LOCK = {
    "packages": {
        "": {"name": "patron"},
        "node_modules/vite": {"version": "8.0.0"},
        "node_modules/vite-linux": {"version": "8.0.0", "optional": True},
        "node_modules/axe-core": {"version": "4.0.0", "dev": True},
    }
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(install, "PROJECT", tmp_path)
    monkeypatch.setattr(install, "NODE_PACKAGES", tmp_path / "node_modules")
    monkeypatch.setattr(install, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(install, "LOCKS", tmp_path)
    (tmp_path / "package-lock.json").write_text(json.dumps(LOCK))
    (tmp_path / "node_modules").mkdir()
    (tmp_path / ".venv").mkdir()
    return tmp_path


def installed(project: Path, **versions: str) -> None:
    packages = {f"node_modules/{name}": {"version": found} for name, found in versions.items()}
    record = project / "node_modules" / ".package-lock.json"
    record.write_text(json.dumps({"packages": packages}))


@pytest.mark.parametrize(
    ("versions", "to_build", "to_develop"),
    [
        ({}, False, False),
        ({"vite": "8.0.0"}, True, False),
        ({"vite": "8.0.0", "axe-core": "4.0.0"}, True, True),
        ({"vite": "7.0.0", "axe-core": "4.0.0"}, False, False),
    ],
)
def test_front_end_packages_are_compared_with_the_lock(
    project: Path, versions: dict[str, str], to_build: bool, to_develop: bool
) -> None:
    assert not install._has_node_packages(for_development=False)
    installed(project, **versions)

    assert install._has_node_packages(for_development=False) is to_build
    assert install._has_node_packages(for_development=True) is to_develop


def test_python_packages_are_installed_when_the_lock_changes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks: list[str] = []
    monkeypatch.setattr(install, "_create_environment", lambda: project / "python")
    monkeypatch.setattr(install, "_pip_install", lambda python, lock: locks.append(lock.name))
    (project / "base.txt").write_text("django==5.2.0")
    (project / "test.txt").write_text("pytest==9.0.0")

    install._install_python(("base",))
    install._install_python(("base", "test"))
    install._install_python(("base", "test"))
    (project / "base.txt").write_text("django==5.2.1")
    install._install_python(("base",))

    assert locks == ["base.txt", "test.txt", "base.txt"]


def test_a_lock_that_cannot_be_installed_leaves_no_stamp(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(python: Path, lock: Path) -> None:
        raise install.InstallError("no such version")

    monkeypatch.setattr(install, "_create_environment", lambda: project / "python")
    monkeypatch.setattr(install, "_pip_install", fail)
    (project / "base.txt").write_text("django==99")

    with pytest.raises(install.InstallError, match="no such version"):
        install._install_python(("base",))

    assert list((project / ".venv").iterdir()) == []


def test_a_front_end_that_does_not_build_stops_an_instance_and_not_a_developer(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(python: Path) -> None:
        raise install.InstallError("broken script")

    installed(project, vite="8.0.0", **{"axe-core": "4.0.0"})
    monkeypatch.setattr(install, "_build_front_end", fail)

    install._install_front_end(project, for_development=True)
    assert "broken script" in capsys.readouterr().err
    with pytest.raises(install.InstallError, match="broken script"):
        install._install_front_end(project, for_development=False)
