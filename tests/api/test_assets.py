"""Pictures by REST."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from messaging.models import Asset
from messaging.services.authoring import create_template
from messaging.services.starters import draft_of
from tenants.models import AuditEntry, Tenant
from tests.factories.pictures import draw_picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def upload(client: Client, content: bytes, **more: str) -> Any:
    file = SimpleUploadedFile("soap.png", content, content_type="image/png")
    headers = {"Idempotency-Key": key} if (key := more.pop("key", "")) else {}
    return client.post("/api/v1/assets/", {"file": file, **more}, headers=headers)


def test_a_picture_is_uploaded_once_read_described_and_removed(tenant: Tenant, api: Client) -> None:
    first = upload(api, draw_picture(), alt="A bar of soap")
    assert first.status_code == 201
    made = first.json()
    assert made["url"].startswith(f"{settings.PUBLIC_URL}/pictures/{tenant.pk}/")
    assert (made["name"], made["alt"], made["width"]) == ("soap.png", "A bar of soap", 1200)
    again = upload(api, draw_picture())
    assert (again.status_code, again.json()) == (200, made)
    assert api.get("/api/v1/assets/?limit=1").json() == {"results": [made], "next": None}
    address = f"/api/v1/assets/{made['id']}/"
    assert api.get(address).json() == made
    changed = api.patch(address, {"alt": "Lemon soap"}, content_type="application/json")
    assert changed.json() == {**made, "alt": "Lemon soap"}
    assert api.delete(address).status_code == 204
    assert (api.get(address).status_code, Asset.objects.count()) == (404, 0)
    entries = AuditEntry.objects.filter(object_type="asset").order_by("pk")
    actions = ["asset.added", "asset.changed", "asset.removed"]
    assert [entry.action for entry in entries] == actions
    assert all(entry.actor.startswith("key:") for entry in entries)


def test_what_is_refused_says_why_and_keeps_nothing(
    tenant: Tenant, api: Client, media: Path
) -> None:
    refused = upload(api, b"<svg/>")
    assert (refused.status_code, refused.json()["code"]) == (400, "picture_invalid")
    assert "SVG" in refused.json()["fields"]["file"]
    assert upload(api, draw_picture(), alt="a" * 301).status_code == 400
    assert api.post("/api/v1/assets/", {"alt": "no file"}).status_code == 400
    as_json = api.post("/api/v1/assets/", {}, content_type="application/json")
    assert as_json.status_code == 415
    large = upload(api, bytes(10 * 1024 * 1024 + 1))
    assert (large.status_code, large.json()["code"]) == (400, "picture_invalid")
    too_large = upload(api, bytes(12 * 1024 * 1024))
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body_too_large")
    assert (Asset.objects.count(), list(media.rglob("*.*"))) == (0, [])


def test_a_picture_of_more_than_six_megabytes_is_taken_and_a_repeat_is_answered_alike(
    tenant: Tenant, api: Client
) -> None:
    content = draw_picture("PNG", 1600, 1400, compress_level=0)
    assert len(content) > 6 * 1024 * 1024
    first = upload(api, content, key="upload-1")
    assert first.status_code == 201
    # The client makes a new boundary for each form, so it is another body with the same key.
    assert upload(api, content, key="upload-1").status_code in {201, 422}
    assert Asset.objects.count() == 1


def test_a_picture_that_a_template_shows_is_not_removed(tenant: Tenant, api: Client) -> None:
    made = upload(api, draw_picture()).json()
    draft = draft_of("blank", name="Soap", channel="push", message_class="promotional")
    draft.content["image"] = made["url"]
    create_template(draft, actor="ada@example.com")
    answer = api.delete(f"/api/v1/assets/{made['id']}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "Soap" in answer.json()["detail"]
    assert Asset.objects.count() == 1
