"""Segments as files of hashed addresses for ad platforms."""

from hashlib import sha256

import pytest
from django.test import Client

from crm.models import Profile, Suppression
from crm.services.consent import record_consent, suppress
from kernel.batches import Deadline
from kernel.errors import Invalid
from segments.domain.audiences import FORMATS
from segments.models import Segment
from segments.services.audiences import start_audience
from segments.services.lists import add_to_list, create_list
from tenants.choices import Role
from tenants.models import AuditEntry, Job, Tenant
from tenants.services.files import locate
from tenants.services.job_turns import run_jobs
from tests.factories.crm import apply, customer, make_store
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db
ACTOR = "ada@example.com"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.covers("S15")
def test_each_platform_compares_its_own_form_of_an_address() -> None:
    google, meta = FORMATS["google"], FORMATS["meta"]
    known = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
    assert google.hash_email("test@example.com") == meta.hash_email("test@example.com") == known
    assert google.hash_email("ada.b@gmail.com") == digest("adab@gmail.com")
    assert google.hash_email("ada.b@example.com") == digest("ada.b@example.com")
    assert meta.hash_email("ada.b@gmail.com") == digest("ada.b@gmail.com")
    assert google.hash_phone("+447700900123") == digest("+447700900123")
    assert meta.hash_phone("+447700900123") == digest("447700900123")
    assert (google.hash_email(""), meta.hash_phone("")) == ("", "")


@pytest.fixture
def segment(tenant: Tenant) -> Segment:
    """A list of people who said yes to both, to one, to nothing, and one who is suppressed."""
    people = [
        customer(
            f"c{number}", email=f"Shopper{number}@Example.com", phone=f"+4477009000{number:02}"
        )
        for number in range(5)
    ]
    apply(make_store(), *people)
    ids = list(Profile.objects.order_by("email_norm").values_list("pk", flat=True))
    for number, channels in enumerate((("email", "sms"), ("email",), ("sms",), (), ("email",))):
        for channel in channels:
            record_consent(ids[number], channel, "subscribed", method="manual")
    suppress("email", "shopper4@example.com", "spam_complaint")
    made = create_list(name="Regulars")
    add_to_list(made.pk, ids, actor=ACTOR)
    made.refresh_from_db()
    return made


def rows(job: Job) -> list[str]:
    run_jobs(Deadline(seconds=None))
    job.refresh_from_db()
    assert (job.status, job.done) == ("done", 5)
    return sorted(locate(job.result_path).read_text("utf-8").splitlines())


@pytest.mark.covers("S15")
def test_only_addresses_whose_owner_said_yes_are_in_the_file(segment: Segment) -> None:
    job = start_audience(segment, "google", actor=ACTOR)
    emails = [digest(f"shopper{number}@example.com") for number in range(2)]
    phones = [digest("+447700900000"), digest("+447700900002")]
    found = [f"{emails[0]},{phones[0]}", f"{emails[1]},", f",{phones[1]}"]
    assert rows(job) == sorted(["Email,Phone", *found])
    assert "@" not in "".join(found)


@pytest.mark.covers("S15")
def test_the_page_starts_it_and_the_trail_knows_who_did(tenant: Tenant, segment: Segment) -> None:
    client = sign_in(tenant)
    page = client.get(f"/t/ada-soap/segments/{segment.pk}/").content.decode()
    assert "For Meta" in page
    client.post(f"/t/ada-soap/segments/{segment.pk}/export/", {"for": "meta"})
    job = Job.objects.get(kind="segments.audience")
    assert "email,phone" in rows(job)
    entry = AuditEntry.objects.get(action="job.started", object_id=str(job.pk))
    assert (entry.after or {})["platform"] == "meta"
    segment.refresh_from_db()
    assert segment.used_at is not None


def test_who_may_not_export_gets_no_addresses(tenant: Tenant, segment: Segment) -> None:
    client: Client = sign_in(tenant, Role.SUPPORT)
    answer = client.post(f"/t/ada-soap/segments/{segment.pk}/export/", {"for": "meta"})
    assert answer.status_code == 403
    with pytest.raises(Invalid):
        start_audience(segment, "other", actor=ACTOR)
    assert Job.objects.count() == 0
    assert Suppression.objects.count() == 1
