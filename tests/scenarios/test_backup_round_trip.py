"""A running shop is backed up, its data folder destroyed, and everything is back."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from config.backup.manifest import MANIFEST
from kernel import clock
from kernel.embedded.paths import DataFolder
from stores.simulator.payloads import Post
from stores.simulator.sender import Sender
from tests.support.instance import Instance, call, running_instance
from tests.support.shopify import simple_order

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
LOG_IN = f"""
from django.test import Client
page = Client(headers={{"host": "127.0.0.1"}})
answer = page.post("/accounts/login/", {{"login": {EMAIL!r}, "password": {PASSWORD!r}}})
print(answer.status_code, page.get("/t/ada-soap/").status_code)
"""
COUNTS = """
from config.backup.database import count_rows
from config.backup.tools import connect
import json
with connect() as connection:
    print(json.dumps(count_rows(connection, lambda *seen: None)))
"""
SETTLED = ("crm_order", "crm_orderline", "crm_profile", "crm_event", "stores_inboxdelivery")
"""Tables to which workers add nothing more while the shop is backed up."""
CROSSING = """
from django.db import connections
with connections["default"].cursor() as cursor:
    cursor.execute("SELECT count(*) FROM crm_order")
"""


def manage(folder: DataFolder, *arguments: str) -> Any:
    """Run a management command by hand and return the JSON object of its last line."""
    done = call("manage", "--data", str(folder.root), *arguments)
    lines = done.stdout.strip().splitlines()
    assert lines, done.stderr
    return json.loads(lines[-1])


def count_rows(folder: DataFolder) -> Any:
    return manage(folder, "shell", "--no-imports", "-c", COUNTS)


def open_shop(instance: Instance) -> None:
    """Create a tenant whose store has orders and a picture."""
    given = ("--currency", "GBP", "--timezone", "Europe/London")
    owner = ("--owner-email", EMAIL, "--owner-password", PASSWORD)
    instance.manage("create_tenant", "--name", "Ada Soap", *given, *owner)
    store = ("--platform", "shopify", "--name", "Ada", "--secret", "a secret of the shop")
    shop = instance.manage("connect_store", "--tenant", "ada-soap", *store)
    sender = Sender(shop["webhook_url"], "a secret of the shop", "ada-soap.example")
    for number in range(5):
        body = simple_order(number)
        sender.send(Post(clock.now(), "orders/create", body, f"delivery-{number}"))
    sender.close()
    instance.manage("drain", "--until-idle")
    logo = instance.folder.root / "media" / "logo.svg"
    logo.parent.mkdir(exist_ok=True)
    logo.write_text("<svg/>")


def list_kept(backup: Path) -> Any:
    """Return the rows of each table that a backup holds."""
    with zipfile.ZipFile(backup) as archive:
        return json.loads(archive.read(MANIFEST))["tables"]


def check_shop(instance: Instance) -> None:
    """Start what was restored: it answers, its owner gets in, and tenants are kept apart."""
    data = ("--data", str(instance.folder.root))
    up = call("up", *data, "--port", str(instance.port), "--no-demo", "--detach")
    assert up.returncode == 0, up.stdout + up.stderr
    assert instance.get("/readyz")["status"] == "ok"
    assert instance.manage("verify")["differences"] == 0
    assert instance.run(LOG_IN) == "302 200"
    with pytest.raises(AssertionError, match=r"app\.tenant_id"):
        instance.run(CROSSING)


@pytest.mark.covers("C6")
def test_a_destroyed_data_folder_comes_back_whole(tmp_path: Path) -> None:
    word, backup = tmp_path / "word", tmp_path / "made.zip"
    word.write_text(PASSWORD)
    passphrase = ("--passphrase-file", str(word))
    with running_instance() as instance:
        folder = instance.folder
        open_shop(instance)
        made = manage(
            folder, "backup", "--to", str(backup), "--with-secrets", *passphrase, "--json"
        )
        instance.shell.close()
        assert call("down", "--data", str(folder.root)).returncode == 0
        keys = json.loads(folder.secrets.read_text())
        before = count_rows(folder)
        kept = list_kept(backup)
        shutil.rmtree(folder.root)
        folder.root.mkdir(mode=0o711)

        restored = manage(folder, "restore", str(backup), *passphrase, "--json")

        assert (restored["rows"], restored["media_files"]) == (made["rows"], 1)
        assert restored["keys"] == str(folder.secrets)
        assert count_rows(folder) == kept
        assert {name: kept[name] for name in SETTLED} == {name: before[name] for name in SETTLED}
        assert kept["crm_order"] == 5
        now = json.loads(folder.secrets.read_text())
        assert now["encryption_keys"] == keys["encryption_keys"]
        assert now["secret_key"] == keys["secret_key"]
        assert now["owner_password"] != keys["owner_password"]
        assert (folder.root / "media" / "logo.svg").read_text() == "<svg/>"

        check_shop(instance)
