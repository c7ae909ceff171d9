"""The writing side of the stand-in for Shopify's Admin API: tags, metafields, consent, codes.

What is changed is told of by webhooks, as a shop does: they lie in ``echoes`` until a test
delivers them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from kernel import clock

Resolver = Callable[[dict[str, Any]], Any]
Webhook = tuple[str, dict[str, Any]]

_CONSENT = {
    "customerEmailMarketingConsentUpdate": ("emailMarketingConsent", "defaultEmailAddress"),
    "customerSmsMarketingConsentUpdate": ("smsMarketingConsent", "defaultPhoneNumber"),
}
_WRITABLE = {"SUBSCRIBED", "UNSUBSCRIBED", "PENDING"}
SCOPES = {
    "tagsAdd": "write_customers",
    "tagsRemove": "write_customers",
    "metafieldsSet": "write_customers",
    "metafieldsDelete": "write_customers",
    **dict.fromkeys(_CONSENT, "write_customers"),
    "discountCodeBasicCreate": "write_discounts",
    "discountCodeFreeShippingCreate": "write_discounts",
    "discountCodeDeactivate": "write_discounts",
    "codeDiscountNodeByCode": "read_discounts",
}


class Writes:
    """What of a shop can be changed.

    Attributes:
        customers: by their gid, in the shape of the Admin API.
        metafields: values by owner and key, of the name space of Patron.
        discounts: nodes by code in capitals.
        made: how many changes were really made, by mutation.
        echoes: webhooks that the shop would send, oldest first.
        refuses: why customers, by gid, are not taken.
    """

    def __init__(self, customers: Callable[[], Any]) -> None:
        self._customers = customers
        self.metafields: dict[tuple[str, str], tuple[str, str]] = {}
        self.discounts: dict[str, dict[str, Any]] = {}
        self.made: list[str] = []
        self.echoes: list[Webhook] = []
        self.refuses: dict[str, str] = {}

    @property
    def customers(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in self._customers()}

    def find_denied(self, names: list[str], scopes: Any) -> dict[str, Any] | None:
        """Return the error of the first field that the app may not ask for."""
        given = set(scopes) | {each.replace("write_", "read_", 1) for each in scopes}
        for name in names:
            if name in SCOPES and SCOPES[name] not in given:
                said = (
                    f"Access denied for {name} field. "
                    f"Required access: `{SCOPES[name]}` access scope."
                )
                return {"message": said, "extensions": {"code": "ACCESS_DENIED"}}
        return None

    def resolvers(self) -> dict[str, Resolver]:
        return {
            "tagsAdd": lambda given: self._tag(given, "tagsAdd"),
            "tagsRemove": lambda given: self._tag(given, "tagsRemove"),
            "metafieldsSet": self._set_metafields,
            "metafieldsDelete": self._delete_metafields,
            **{name: self._consent(name) for name in _CONSENT},
            "discountCodeBasicCreate": lambda given: self._discount(
                given["basicCodeDiscount"], "DiscountCodeBasic"
            ),
            "discountCodeFreeShippingCreate": lambda given: self._discount(
                given["freeShippingCodeDiscount"], "DiscountCodeFreeShipping"
            ),
            "discountCodeDeactivate": self._deactivate,
            "codeDiscountNodeByCode": lambda given: self.discounts.get(given["code"].upper()),
        }

    def _find(self, gid: str) -> tuple[dict[str, Any] | None, str]:
        if reason := self.refuses.get(gid):
            return None, reason
        customer = self.customers.get(gid)
        return customer, "" if customer else "Customer does not exist"

    def _tag(self, given: Mapping[str, Any], name: str) -> dict[str, Any]:
        customer, reason = self._find(given["id"])
        if customer is None:
            return {"userErrors": [{"message": reason}]}
        named = {tag.casefold() for tag in given["tags"]}
        kept = [tag for tag in customer["tags"] if tag.casefold() not in named]
        if name == "tagsAdd":
            held = {tag.casefold() for tag in customer["tags"]}
            new = [tag for tag in given["tags"] if tag.casefold() not in held]
            kept = [*customer["tags"], *new]
        if sorted(kept) != customer["tags"]:
            customer["tags"] = sorted(kept)
            self._changed(customer, name)
        return {"userErrors": []}

    def _set_metafields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        told = given["metafields"]
        assert len(told) <= 25, "Shopify takes 25 metafields at once"
        errors = [
            {"message": reason, "elementIndex": place}
            for place, each in enumerate(told)
            if (reason := self._find(each["ownerId"])[1])
        ]
        if not errors:
            for each in told:
                assert each["namespace"] == "patron"
                value = (each["type"], each["value"])
                if self.metafields.get((each["ownerId"], each["key"])) != value:
                    self.metafields[each["ownerId"], each["key"]] = value
                    self._changed(self.customers[each["ownerId"]], "metafieldsSet")
        return {"userErrors": errors}

    def _delete_metafields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for each in given["metafields"]:
            if self.metafields.pop((each["ownerId"], each["key"]), None):
                self._changed(self.customers[each["ownerId"]], "metafieldsDelete")
        return {"userErrors": []}

    def _consent(self, name: str) -> Resolver:
        part, place = _CONSENT[name]

        def resolve(given: dict[str, Any]) -> dict[str, Any]:
            told = given["input"]
            customer, reason = self._find(told["customerId"])
            said = told[part]
            if customer is not None and customer[place] is None:
                customer, reason = None, "An address is required to set the marketing consent"
            if customer is None or said["marketingState"] not in _WRITABLE:
                return {"userErrors": [{"message": reason or "Marketing state is invalid"}]}
            held = customer[place]
            before = dict(held)
            held["marketingState"] = said["marketingState"]
            held["marketingUpdatedAt"] = said.get("consentUpdatedAt") or clock.now().isoformat()
            if before != held:
                self._changed(customer, name)
                self._tell_consent(customer, name, held)
            return {"userErrors": []}

        return resolve

    def _discount(self, told: dict[str, Any], kind: str) -> dict[str, Any]:
        code = told["code"].upper()
        if code in self.discounts:
            said = "Code must be unique. Please try a different code."
            return {"codeDiscountNode": None, "userErrors": [{"message": said, "code": "TAKEN"}]}
        gid = f"gid://shopify/DiscountCodeNode/{len(self.discounts) + 1}"
        least = told.get("minimumRequirement")
        amount = least["subtotal"]["greaterThanOrEqualToSubtotal"] if least else "0"
        node: dict[str, Any] = {
            "id": f"gid://shopify/{kind}/1",
            "__typename": kind,
            "status": "ACTIVE",
            "startsAt": told["startsAt"],
            "endsAt": told.get("endsAt"),
            "usageLimit": told.get("usageLimit"),
            "appliesOncePerCustomer": told["appliesOncePerCustomer"],
            "maximumShippingPrice": None,
            "minimumRequirement": least
            and {
                "id": "gid://shopify/DiscountMinimumSubtotal/1",
                "__typename": "DiscountMinimumSubtotal",
                "greaterThanOrEqualToSubtotal": {"amount": f"{float(amount):.1f}"},
            },
        }
        if kind == "DiscountCodeBasic":
            items = {"id": "gid://shopify/AllDiscountItems/1", "__typename": "AllDiscountItems"}
            node["customerGets"] = {
                "value": _value_of(told["customerGets"]["value"]),
                "items": {**items, "allItems": told["customerGets"]["items"]["all"]},
            }
        self.discounts[code] = {"id": gid, "codeDiscount": node}
        self.made.append(f"create {code}")
        return {"codeDiscountNode": {"id": gid}, "userErrors": []}

    def _deactivate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        for code, node in self.discounts.items():
            if node["id"] == given["id"]:
                node["codeDiscount"] |= {"status": "EXPIRED", "endsAt": clock.now().isoformat()}
                self.made.append(f"end {code}")
        return {"userErrors": []}

    def _changed(self, customer: dict[str, Any], name: str) -> None:
        """Note a change, and the webhook that a shop sends after it."""
        self.made.append(f"{name} {customer['legacyResourceId']}")
        customer["updatedAt"] = clock.now().isoformat()
        self.echoes.append(("customers/update", describe(customer)))

    def _tell_consent(self, customer: dict[str, Any], name: str, held: dict[str, Any]) -> None:
        said = {
            "state": held["marketingState"].lower(),
            "opt_in_level": "single_opt_in",
            "consent_updated_at": held["marketingUpdatedAt"],
        }
        number = int(customer["legacyResourceId"])
        if name.startswith("customerEmail"):
            told = {"email_address": held["emailAddress"], "email_marketing_consent": said}
            topic = "customers_email_marketing_consent/update"
            self.echoes.append((topic, {"customer_id": number, **told}))
        else:
            told = {"phone": held["phoneNumber"], "sms_marketing_consent": said}
            self.echoes.append(("customers_marketing_consent/update", {"id": number, **told}))


def describe(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer as its webhooks show it."""
    told: dict[str, Any] = {
        "id": int(customer["legacyResourceId"]),
        "updated_at": customer["updatedAt"],
        "created_at": customer["createdAt"],
        "first_name": customer["firstName"],
        "last_name": customer["lastName"],
        "tags": ", ".join(customer["tags"]),
        "email": None,
        "phone": None,
    }
    channels = (
        ("defaultEmailAddress", "emailAddress", "email", "email_marketing_consent"),
        ("defaultPhoneNumber", "phoneNumber", "phone", "sms_marketing_consent"),
    )
    for place, address, name, consent in channels:
        if held := customer[place]:
            told[name] = held[address]
            told[consent] = {
                "state": held["marketingState"].lower(),
                "opt_in_level": "single_opt_in",
                "consent_updated_at": held["marketingUpdatedAt"],
            }
    return told


def _value_of(value: Mapping[str, Any]) -> dict[str, Any]:
    if "percentage" in value:
        kind, told = "DiscountPercentage", {"percentage": value["percentage"]}
    else:
        amount = f"{float(value['discountAmount']['amount']):.1f}"
        kind, told = "DiscountAmount", {"amount": {"amount": amount, "currencyCode": "GBP"}}
    return {"id": f"gid://shopify/{kind}/1", "__typename": kind, **told}
