"""Savepoints that tests keep back do what savepoints do."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Profile
from tenants.models import Tenant


def names() -> list[str]:
    return sorted(Profile.objects.values_list("first_name", flat=True).iterator())


@transaction.atomic
def fail() -> None:
    Profile.objects.create(first_name="Bo")
    with transaction.atomic():
        pass
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_what_is_taken_back_goes_and_what_was_before_stays(tenant: Tenant) -> None:
    with transaction.atomic():
        Profile.objects.create(first_name="Ada")
        with pytest.raises(DataError):
            fail()
        with pytest.raises(ZeroDivisionError), transaction.atomic(), transaction.atomic():
            raise ZeroDivisionError
        with transaction.atomic(), transaction.atomic():
            assert names() == ["Ada"]
            Profile.objects.create(first_name="Cy")
    assert names() == ["Ada", "Cy"]


def test_they_are_told_as_if_they_had_left_alone(tenant: Tenant) -> None:
    with CaptureQueriesContext(connection) as sent, transaction.atomic():
        Profile.objects.exists()
    words = [query["sql"].split(" ")[0] for query in sent]
    assert words == ["SAVEPOINT", "SET", "SELECT", "RELEASE"]
