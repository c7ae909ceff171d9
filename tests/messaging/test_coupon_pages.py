"""Making coupons on pages: what is refused, what an upload tells, and the file of codes."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import Invalid
from messaging.domain.coupons import apply_address, end_of, make_codes, name_holder, read_codes
from messaging.models import Coupon, CouponCode
from messaging.services.coupons import create_coupon, update_coupon
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.coupons import ACTOR, coupon_data, make_pool
from tests.factories.messaging import make_recipient
from tests.factories.samples import make_store
from tests.factories.tenants import make_member

FORM = {
    "name": "Spring",
    "offer": "percent",
    "percent": "12.5",
    "scope": "profile",
    "when_out": "skip",
    "low_water": "500",
    "valid_unit": "days",
}


@pytest.fixture
def client(tenant: Tenant) -> Client:
    found = Client()
    found.force_login(make_member(tenant, Role.MARKETER, "eve@soap.example").user)
    return found


def post(client: Client, path: str, data: dict[str, Any], **headers: str) -> Any:
    return client.post(f"/t/ada-soap/content/coupons/{path}", data, headers=headers)


def test_a_coupon_is_made_and_changed_on_its_form(tenant: Tenant, client: Client) -> None:
    form = {
        **FORM,
        "minimum": "30",
        "valid_for": "3",
        "valid_unit": "days",
        "ends_on": "2100-05-01",
    }
    assert post(client, "new/", {"kind": "pool", **form}).status_code == 302
    made = Coupon.objects.get()
    assert (made.minimum_minor, made.valid_hours, made.currency) == (3000, 72, "GBP")
    assert made.ends_at == datetime(2100, 5, 1, 23, tzinfo=UTC)  # the end of the day in London
    page = client.get(f"/t/ada-soap/content/coupons/{made.pk}/").content.decode()
    assert "12.5% off on orders from £30.00" in page
    edited = {**form, "offer": "free_shipping", "valid_for": "5", "valid_unit": "hours"}
    assert post(client, f"{made.pk}/edit/", edited).status_code == 302
    made.refresh_from_db()
    assert (made.offer, made.percent, made.valid_hours) == ("free_shipping", None, 5)


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("pool", {"percent": "0"}, "percent"),
        ("pool", {"percent": "101"}, "percent"),
        ("pool", {"name": " "}, "name"),
        ("pool", {"offer": "bundle"}, "offer_words"),
        ("pool", {"offer": "amount", "amount": "0.001"}, "amount"),
        ("pool", {"when_out": "fallback"}, "fallback"),
        ("pool", {"ends_on": "2020-01-01"}, "ends_on"),
        ("pool", {"skus": "NO-SUCH"}, "skus"),
        ("static", {"static_code": "so not"}, "static_code"),
        ("generated", {"code_prefix": "ÄÖ"}, "code_prefix"),
    ],
)
def test_a_form_that_breaks_a_rule_makes_nothing(
    tenant: Tenant, client: Client, kind: str, changes: dict[str, str], field: str
) -> None:
    answer = post(client, "new/", {"kind": kind, **FORM, **changes})
    assert (answer.status_code, Coupon.objects.count()) == (422, 0)
    assert f'id="id_{field}' in answer.content.decode()
    assert "field-error" in answer.content.decode()


def test_terms_that_the_shop_has_codes_for_stand(tenant: Tenant) -> None:
    made = make_pool(["A1"])
    at: dict[str, Any] = {"kind": "generated", "store_ids": [make_store().pk]}
    Coupon.objects.update(is_written=True, **at)
    data = coupon_data(offer="free_shipping", **at)
    with pytest.raises(Invalid, match="present terms"):
        update_coupon(made.pk, data, actor=ACTOR)
    assert Coupon.objects.get().offer == "percent"


def test_a_bundle_cannot_be_made_in_the_shop(tenant: Tenant) -> None:
    data = coupon_data(
        kind="generated", offer="bundle", offer_words="x", store_ids=[make_store().pk]
    )
    with pytest.raises(Invalid, match="upload them"):
        create_coupon(data, actor=ACTOR)
    assert Coupon.objects.count() == 0


def test_an_upload_tells_what_is_in_it_before_anything_is_added(
    tenant: Tenant, client: Client
) -> None:
    make_pool(["ELSE"])
    made = make_pool(["KNOWN"])
    body = 'code,note\nnew-1,x\nNEW-1\n"new-2";y\nknown\nelse\nso not\n\n'
    checked = post(client, f"{made.pk}/upload/", {"codes": body, "do": "check"}, hx_request="true")
    text = checked.content.decode()
    for words in ("2 codes can be added", "1 line repeats", "1 code is in this", "1 code belongs"):
        assert words in text
    assert "so not" in text
    assert CouponCode.objects.filter(coupon=made).count() == 1
    file = SimpleUploadedFile("codes.csv", body.encode())
    post(client, f"{made.pk}/upload/", {"file": file, "do": "add"})
    codes = CouponCode.objects.filter(coupon=made).order_by("pk")
    assert list(codes.values_list("code", flat=True)) == ["KNOWN", "new-1", "new-2"]
    empty = post(client, f"{made.pk}/upload/", {"codes": "code\n", "do": "add"})
    assert (empty.status_code, codes.count()) == (422, 3)


def test_a_hundred_thousand_codes_are_read_and_one_more_is_refused(
    tenant: Tenant, client: Client
) -> None:
    made = make_pool()
    many = "\n".join(f"C{number}" for number in range(100_001))
    answer = post(
        client, f"{made.pk}/upload/", {"file": SimpleUploadedFile("c.txt", many.encode())}
    )
    assert (answer.status_code, CouponCode.objects.count()) == (422, 0)
    assert "At most 100,000 codes" in answer.content.decode()
    found = read_codes(many)
    assert (len(found.codes), found.repeated, found.broken_count) == (100_001, 0, 0)


def test_the_list_shows_figures_and_the_file_is_safe_to_open(
    tenant: Tenant, client: Client
) -> None:
    made = make_pool(["A1", "-2"])
    person = make_recipient(email="=cmd@example.com")
    CouponCode.objects.filter(code="A1").update(
        status="sent",
        profile=person,
        holder="profile:1",
        claimed_at=datetime(2026, 6, 1, 12, tzinfo=UTC),
    )
    page = client.get("/t/ada-soap/content/coupons/").content.decode()
    assert made.name in page
    answer = client.get(f"/t/ada-soap/content/coupons/{made.pk}/export/")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined] # a stream
    lines = list(io.StringIO(text))
    assert lines[1].startswith("A1,sent,'=cmd@example.com,2026-06-01 13:00,,,")
    assert lines[2].startswith("-2,available,")


def test_codes_are_found_by_status_and_by_their_whole_text(tenant: Tenant, client: Client) -> None:
    made = make_pool(["FIRST-ONE", "OTHER-TWO"])
    CouponCode.objects.filter(code="FIRST-ONE").update(status="expired")
    address = f"/t/ada-soap/content/coupons/{made.pk}/"
    found = client.get(f"{address}?status=expired", headers={"HX-Request": "true"}).content.decode()
    assert ("FIRST-ONE" in found, "OTHER-TWO" in found) == (True, False)
    found = client.get(f"{address}?q=other-two", headers={"HX-Request": "true"}).content.decode()
    assert ("FIRST-ONE" in found, "OTHER-TWO" in found) == (False, True)


@given(st.lists(st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True), max_size=30))
def test_a_list_of_codes_loses_none_and_repeats_none(codes: list[str]) -> None:
    heads = {"CODE", "CODES", "COUPON", "VOUCHER"}
    kept = [code for code in codes if code not in heads]
    found = read_codes("\n".join(["code", *kept]))
    assert found.codes == list(dict.fromkeys(kept))
    assert found.repeated == len(kept) - len(set(kept))


def test_words_and_addresses_of_codes() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert end_of(now, None, None) is None
    assert end_of(now, 48, datetime(2026, 6, 2, tzinfo=UTC)) == datetime(2026, 6, 2, tzinfo=UTC)
    assert (
        apply_address("shopify", "https://a.example/", "A B") == "https://a.example/discount/A%20B"
    )
    woo = apply_address("woocommerce", "https://a.example", "A1", ["12", "13"])
    assert woo == "https://a.example/checkout-link/?products=12:1,13:1&coupon=A1"
    assert apply_address("woocommerce", "https://a.example", "A1") == "https://a.example"
    assert apply_address("magento", "", "A1") == ""
    asked: dict[str, Any] = {"profile_id": 7, "message_id": 3, "run_id": None, "campaign_id": None}
    assert name_holder("run", **asked) == "message:3"
    assert name_holder("run", **{**asked, "campaign_id": 4}) == "campaign:4:7"
    made = make_codes("HI-", 50)
    assert len(set(made)) == 50
    assert {len(code) for code in made} == {12}
