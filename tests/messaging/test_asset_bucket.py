"""Pictures in a bucket of S3's protocol: its answers, its faults, and the end of a tenant."""

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from config.export import _media
from kernel.errors import Unavailable
from kernel.tenancy import tenant_scope
from messaging.models import Asset
from messaging.queries.assets import describe
from messaging.services import asset_files
from messaging.services.assets import add_asset, remove_asset
from tenants.models import Tenant
from tests.factories.pictures import draw_picture
from tests.support.s3_api import ACCESS_KEY, BUCKET, FakeBucket, open_bucket

ACTOR = "ada@example.com"


@pytest.fixture
def bucket(settings: Settings) -> Iterator[FakeBucket]:
    with open_bucket() as opened:
        options = {
            "bucket_name": BUCKET,
            "endpoint_url": opened.url,
            "region_name": "eu-west-1",
            "access_key": ACCESS_KEY,
            "secret_key": "secret",
        }
        pictures = {"BACKEND": "kernel.buckets.Bucket", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "pictures": pictures}
        yield opened


def test_a_picture_lies_in_the_bucket_and_is_served_from_it(
    tenant: Tenant, client: Client, bucket: FakeBucket
) -> None:
    asset = add_asset(draw_picture(), "soap.png", actor=ACTOR).asset
    names = [f"{tenant.pk}/pictures/{asset.key}{end}" for end in ("-600.png", "-thumb.png", ".png")]
    assert sorted(bucket.files) == names
    answer = client.get(describe(asset).path)
    assert (answer.status_code, answer.content) == (200, bucket.files[names[2]])
    assert client.get(f"/pictures/{tenant.pk}/{'a' * 32}.png").status_code == 404
    remove_asset(asset.pk, actor=ACTOR)
    assert (bucket.files, Asset.objects.count()) == ({}, 0)


def test_a_bucket_that_does_not_answer_keeps_nothing_and_forgets_nothing(
    tenant: Tenant, client: Client, bucket: FakeBucket
) -> None:
    asset = add_asset(draw_picture(), "soap.png", actor=ACTOR).asset
    bucket.fault = 403
    with pytest.raises(Unavailable):
        add_asset(draw_picture("JPEG"), "other.jpg", actor=ACTOR)
    assert client.get(describe(asset).path).status_code == 503
    remove_asset(asset.pk, actor=ACTOR)
    assert (len(bucket.files), Asset.objects.exclude(removed_at=None).count()) == (3, 1)
    bucket.fault = 0
    add_asset(draw_picture("JPEG"), "other.jpg", actor=ACTOR)
    assert (len(bucket.files), [row.name for row in Asset.objects.all()]) == (3, ["other.jpg"])


def test_export_and_purge_of_a_tenant_take_its_pictures_and_no_others(
    tenant: Tenant, other_tenant: Tenant, bucket: FakeBucket
) -> None:
    ours = add_asset(draw_picture(), "soap.png", actor=ACTOR).asset
    with tenant_scope(other_tenant.pk):
        add_asset(draw_picture(), "soap.png", actor=ACTOR)
    exported = {name: read() for name, read in _media()}
    assert exported == {
        f"pictures/{ours.key}{end}": bucket.files[f"{tenant.pk}/pictures/{ours.key}{end}"]
        for end in ("-600.png", "-thumb.png", ".png")
    }
    asset_files.delete_all(tenant.pk)
    assert {name.partition("/")[0] for name in bucket.files} == {str(other_tenant.pk)}
    assert len(bucket.files) == 3
