"""Backup and restore on the test run's own database: what goes in, and every refusal."""

import hashlib
import json
import resource
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from pytest_django import DjangoDbBlocker, Settings

from config.backup import database, manifest, tools
from config.backup.archive import BackupError, open_archive
from config.backup.sealing import Keys, seal, unseal
from kernel.postgres.keys import find_older_keys
from kernel.secrets import encrypt
from kernel.tenancy import tenant_scope
from stores.models import Connection
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.tenants import make_tenant
from tests.support.database import WorkerDatabase, end_other_connections

PASSPHRASE = "correct horse battery"
pytestmark = [
    pytest.mark.django_db(databases=["default", "sys", "owner"], transaction=True),
    pytest.mark.unbound_sql,
    pytest.mark.covers("C6"),
]


@pytest.fixture(autouse=True, scope="module")
def fresh_database_afterwards(
    worker_database: WorkerDatabase, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Give later tests a copy of the template again.

    A restore makes indexes in another order, by which the planner chooses between equals.
    """
    yield
    with django_db_blocker.unblock():
        worker_database.drop()
        worker_database.make()


@pytest.fixture(autouse=True)
def own_world(settings: Settings, tmp_path: Path) -> None:
    """Folders and a database of the test alone; what empties the tables counts for nothing."""
    end_other_connections()
    settings.DATA_DIR = tmp_path / "data"
    settings.MEDIA_ROOT = tmp_path / "data" / "media"
    settings.MEDIA_ROOT.mkdir(parents=True)


@pytest.fixture
def shop(settings: Settings) -> Tenant:
    """A tenant with a store whose secret is kept, and a picture."""
    tenant = make_tenant()
    with tenant_scope(tenant.pk), transaction.atomic():
        Connection.objects.create(
            store_id=make_store().pk, token="a-token", secret_encrypted=encrypt("shh")
        )
    (settings.MEDIA_ROOT / "logos").mkdir()
    (settings.MEDIA_ROOT / "logos" / "ada soap.svg").write_text("<svg/>")
    return tenant


def run(command: str, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *arguments, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def restore(*arguments: str) -> dict[str, Any]:
    connections.close_all()
    return run("restore", *arguments)


def rewrite(source: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Return a copy of a backup in which members are changed."""
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def with_manifest(source: Path, **values: Any) -> Path:
    def change(name: str, data: bytes) -> bytes:
        return json.dumps({**json.loads(data), **values}).encode() if "manifest" in name else data

    return rewrite(source, change)


@pytest.fixture
def backup(shop: Tenant, tmp_path: Path) -> Path:
    path = tmp_path / "made.zip"
    run("backup", "--to", str(path))
    return path


def test_a_backup_says_what_is_in_it_and_holds_no_key(
    shop: Tenant, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "made.zip"
    made = run("backup", "--to", str(path))

    with open_archive(path) as reader:
        said = reader.verify(lambda done, total, word: None).manifest
    assert said.tables["tenants_tenant"] == 1
    assert said.tables["stores_connection"] == 1
    assert [(use.fingerprint, use.secrets) for use in said.keys] == [
        (manifest.fingerprint(settings.ENCRYPTION_KEYS[0]), 1)
    ]
    assert set(said.members) == {"database.dump", "media/logos/ada soap.svg"}
    assert (made["media_files"], made["has_keys"]) == (1, False)
    assert settings.SECRET_KEY.encode() not in path.read_bytes()
    assert settings.ENCRYPTION_KEYS[0].encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_written_after_the_snapshot_is_not_in_it(shop: Tenant) -> None:
    with database.open_snapshot(lambda *args: None) as snapshot:
        make_tenant("late")
        with database.dump(snapshot, lambda *args: None) as source:
            dump = source.read()
    assert snapshot.tables["tenants_tenant"] == 1
    assert len(dump) > 10_000


@pytest.mark.parametrize("name", ["made.zip", "folder/made.zip"])
def test_a_file_that_is_there_is_not_written_over(shop: Tenant, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        run("backup", "--to", str(path))
    assert path.read_text() == "mine"


def test_only_the_newest_backups_are_kept(shop: Tenant, tmp_path: Path) -> None:
    for day in (1, 2, 3):
        (tmp_path / f"patron-2026010{day}T000000Z.zip").touch()
    (tmp_path / "other.zip").touch()

    assert run("backup", "--to", str(tmp_path), "--keep", "2")["removed"] == 2

    left = sorted(path.name for path in tmp_path.glob("*.zip"))
    assert len(left) == 3
    assert left[:2] == ["other.zip", "patron-20260103T000000Z.zip"]


@contextmanager
def small_disk(megabytes: float) -> Iterator[None]:
    """Refuse larger files, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(megabytes * 1_000_000), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_no_half_backup(shop: Tenant, tmp_path: Path) -> None:
    with small_disk(0.05), pytest.raises(CommandError, match=r"made\.zip cannot be written"):
        run("backup", "--to", str(tmp_path / "made.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_that_cannot_be_written_is_named(shop: Tenant) -> None:
    with pytest.raises(CommandError, match=r"/proc/nowhere/made\.zip cannot be written"):
        run("backup", "--to", "/proc/nowhere/made.zip")


def test_a_used_database_and_its_media_are_replaced_only_by_force(
    backup: Path, settings: Settings
) -> None:
    make_tenant("later")
    (settings.MEDIA_ROOT / "later.txt").write_text("later")
    with pytest.raises(CommandError, match="the database is not empty"):
        restore(str(backup))
    assert Tenant.objects.count() == 2

    done = restore(str(backup), "--force")

    assert [tenant.slug for tenant in Tenant.objects.all()] == ["ada-soap"]
    files = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["ada soap.svg"]
    assert (done["media_files"], done["has_same_signing_key"]) == (1, True)


def test_policies_grants_and_marks_come_back_and_keys_are_the_newest_index(backup: Path) -> None:
    before = fences()
    restore(str(backup), "--force")
    assert fences() == before
    assert find_older_keys(connections["owner"]) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("patron_app",)


def fences() -> list[Any]:
    """Return policies, grants and marks as the catalogue has them."""
    statements = (
        "SELECT tablename, policyname, roles::text, qual, with_check FROM pg_policies ORDER BY 1",
        """
        SELECT relname, relrowsecurity, relacl::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S') ORDER BY 1
        """,
        "SELECT proname FROM pg_proc WHERE proleakproof AND proname ~ 'like|jsonb' ORDER BY 1",
    )
    with connections["owner"].cursor() as cursor:
        found = []
        for statement in statements:
            cursor.execute(statement)
            found.append(cursor.fetchall())
        return found


def test_other_connections_are_told_to_stop_first(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LEAVING_SECONDS", 0.5)
    connections.close_all()
    with tools.connect() as other:
        other.execute("SELECT 1")
        with pytest.raises(CommandError, match="1 other connections use the database"):
            run("restore", str(backup), "--force")


def test_a_connection_that_is_just_leaving_is_waited_for(backup: Path) -> None:
    connections.close_all()
    other = tools.connect()
    other.execute("SELECT 1")
    leaving = Timer(0.5, other.close)
    leaving.start()
    try:
        run("restore", str(backup), "--force")
    finally:
        leaving.join()
    assert Tenant.objects.count() == 1


def test_a_dump_that_fails_half_way_changes_nothing(
    backup: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.MEDIA_ROOT / "logos" / "ada soap.svg").write_text("newer")
    really = database._contents

    def spoilt(*args: Any) -> str:
        """Leave out a table that later entries need."""
        lines = really(*args).splitlines()
        return "\n".join(line for line in lines if "TABLE public tenants_tenant " not in line)

    monkeypatch.setattr(database, "_contents", spoilt)
    make_tenant("later")
    with pytest.raises(CommandError, match=r"the database refused the backup: .*tenants_tenant"):
        restore(str(backup), "--force")
    assert sorted(tenant.slug for tenant in Tenant.objects.all()) == ["ada-soap", "later"]
    assert (settings.MEDIA_ROOT / "logos" / "ada soap.svg").read_text() == "newer"
    assert not (settings.MEDIA_ROOT / ".restoring").exists()


def test_a_cut_off_file_is_no_backup(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:-1000])
    with pytest.raises(CommandError, match="cut off or no backup"):
        restore(str(backup), "--force")


def test_another_zip_is_no_backup(tmp_path: Path, shop: Tenant) -> None:
    path = tmp_path / "holiday.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("beach.jpg", b"sand")
    with pytest.raises(CommandError, match="is no backup of Patron"):
        restore(str(path), "--force")


def test_a_damaged_dump_is_told_before_anything_changes(backup: Path) -> None:
    spoilt = rewrite(backup, lambda name, data: data[:-9] + b"x" * 9 if "dump" in name else data)
    make_tenant("later")
    with pytest.raises(CommandError, match=r"database\.dump in the backup is damaged"):
        restore(str(spoilt), "--force")
    assert Tenant.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"version": "99.0"}, "newer than this"),
        ({"format": 2}, "newer than this"),
        ({"migrations": ["crm.9999_from_the_future"]}, "newer than this"),
        ({"postgres": 99}, "comes from PostgreSQL 99"),
    ],
)
def test_a_backup_of_something_newer_is_refused(
    backup: Path, values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        restore(str(with_manifest(backup, **values)), "--force")
    assert Tenant.objects.count() == 1


def test_a_name_that_leads_out_of_the_folder_is_refused(
    backup: Path, settings: Settings, tmp_path: Path
) -> None:
    with zipfile.ZipFile(backup, "a") as archive:
        said = json.loads(archive.read("manifest.json"))
        said["members"]["media/../../out.txt"] = {
            "sha256": hashlib.sha256(b"out").hexdigest(),
            "bytes": 3,
        }
        archive.writestr("media/../../out.txt", b"out")
    with pytest.raises(CommandError, match="leads out of the media folder"):
        restore(str(with_manifest(backup, members=said["members"])), "--force")
    assert not (tmp_path / "out.txt").exists()
    assert (settings.MEDIA_ROOT / "logos" / "ada soap.svg").exists()


class TestKeys:
    """Keys go in under a passphrase alone, and come out where they are wanted."""

    def test_keys_come_out_with_the_passphrase_alone(self) -> None:
        keys = Keys("signing", ["older"], ["newest", "old"])
        sealed = seal(keys, PASSPHRASE)
        assert "signing" not in sealed
        assert unseal(sealed, PASSPHRASE) == keys
        with pytest.raises(BackupError, match="the passphrase is wrong"):
            unseal(sealed, "another passphrase")

    def test_a_short_passphrase_is_refused(
        self, shop: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATRON_BACKUP_PASSPHRASE", "short")
        with pytest.raises(CommandError, match="12 letters or more"):
            run("backup", "--to", str(tmp_path / "made.zip"), "--with-secrets")
        assert not (tmp_path / "made.zip").exists()

    def test_without_its_key_a_backup_is_not_restored_by_chance(
        self, backup: Path, settings: Settings
    ) -> None:
        needed = manifest.fingerprint(settings.ENCRYPTION_KEYS[0])
        settings.ENCRYPTION_KEYS = []
        settings.SECRET_KEY = "another"
        with pytest.raises(CommandError, match=f"1 stored secrets need keys .*{needed}"):
            restore(str(backup), "--force")
        done = restore(str(backup), "--force", "--without-keys")
        assert (done["keys"], done["has_same_signing_key"]) == ("", False)

    def test_keys_for_the_environment_go_to_a_file(
        self, shop: Tenant, tmp_path: Path, settings: Settings
    ) -> None:
        key, signing = settings.ENCRYPTION_KEYS[0], settings.SECRET_KEY
        secret, path, lines = (tmp_path / name for name in ("word", "made.zip", "keys.env"))
        secret.write_text(f"{PASSPHRASE}\n")
        word = ("--passphrase-file", str(secret))
        run("backup", "--to", str(path), "--with-secrets", *word)
        settings.ENCRYPTION_KEYS = []
        with pytest.raises(CommandError, match="name a file for them with --keys-to"):
            restore(str(path), "--force", *word)

        done = restore(str(path), "--force", *word, "--keys-to", str(lines))

        assert done["keys"] == str(lines)
        assert lines.read_text() == f"SECRET_KEY={signing}\nPATRON_ENCRYPTION_KEYS={key}\n"
        assert lines.stat().st_mode & 0o777 == 0o600

    def test_a_wrong_passphrase_changes_nothing(
        self, shop: Tenant, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATRON_BACKUP_PASSPHRASE", PASSPHRASE)
        run("backup", "--to", str(tmp_path / "made.zip"), "--with-secrets")
        make_tenant("later")
        monkeypatch.setenv("PATRON_BACKUP_PASSPHRASE", "a wrong passphrase")
        with pytest.raises(CommandError, match="the passphrase is wrong"):
            restore(str(tmp_path / "made.zip"), "--force")
        assert Tenant.objects.count() == 2


def test_programs_older_than_the_server_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_folders", lambda: iter(()))
    with pytest.raises(BackupError, match="pg_dump 18 or newer is not on this machine"):
        tools.find_tools(18)


def test_programs_of_the_servers_own_version_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {Path("/a"): 19, Path("/b"): 18, Path("/c"): 15}
    monkeypatch.setattr(tools, "_folders", lambda: iter(versions))
    monkeypatch.setattr(tools, "_major", versions.__getitem__)
    assert tools.find_tools(18).folder == Path("/b")
    assert tools.find_tools(17).folder == Path("/b")
    assert "password" not in tools.find_tools(18).conninfo
