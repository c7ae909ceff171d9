"""What Shopify's Admin API is told: every mutation, valid in the versions 2025-10 to 2026-07.

One request carries a mutation many times, each under a name of its own: ``one0``, ``one1``, …
"""

from typing import Final

LOOK_TAGS: Final = """query ($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Customer { id tags } }
}"""

_SAID: Final = "marketingState marketingUpdatedAt"
LOOK_CONSENT: Final = f"""query ($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Customer {{
      id
      defaultEmailAddress {{ emailAddress {_SAID} }}
      defaultPhoneNumber {{ phoneNumber {_SAID} }}
    }}
  }}
}}"""

SET_METAFIELDS: Final = """mutation ($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { userErrors { message elementIndex } }
}"""
DELETE_METAFIELDS: Final = """mutation ($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) { userErrors { message } }
}"""

_TAGGED: Final = ({"id": "ID!", "tags": "[String!]!"}, "userErrors { message }")
_BUYS: Final = """
  status startsAt endsAt usageLimit appliesOncePerCustomer
  minimumRequirement {
    __typename
    ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount } }
  }
"""
_MADE: Final = "codeDiscountNode { id } userErrors { message code }"

_SHAPES: Final = {
    "tagsAdd": _TAGGED,
    "tagsRemove": _TAGGED,
    "customerEmailMarketingConsentUpdate": (
        {"input": "CustomerEmailMarketingConsentUpdateInput!"},
        "userErrors { message }",
    ),
    "customerSmsMarketingConsentUpdate": (
        {"input": "CustomerSmsMarketingConsentUpdateInput!"},
        "userErrors { message }",
    ),
    "discountCodeBasicCreate": ({"basicCodeDiscount": "DiscountCodeBasicInput!"}, _MADE),
    "discountCodeFreeShippingCreate": (
        {"freeShippingCodeDiscount": "DiscountCodeFreeShippingInput!"},
        _MADE,
    ),
    "discountCodeDeactivate": ({"id": "ID!"}, "userErrors { message code }"),
    "codeDiscountNodeByCode": (
        {"code": "String!"},
        f"""id codeDiscount {{
          __typename
          ... on DiscountCodeBasic {{
            {_BUYS}
            customerGets {{
              value {{
                __typename
                ... on DiscountPercentage {{ percentage }}
                ... on DiscountAmount {{ amount {{ amount currencyCode }} }}
              }}
              items {{ __typename ... on AllDiscountItems {{ allItems }} }}
            }}
          }}
          ... on DiscountCodeFreeShipping {{ {_BUYS} maximumShippingPrice {{ amount }} }}
        }}""",
    ),
}
MANY: Final = tuple(_SHAPES)
"""What can be told many times in one request."""


def repeat(name: str, times: int) -> str:
    """Return a request that carries one thing many times; its variables end in their numbers."""
    arguments, answer = _SHAPES[name]
    kind = "query" if name == "codeDiscountNodeByCode" else "mutation"
    declared = ", ".join(
        f"${each}{at}: {wanted}" for at in range(times) for each, wanted in arguments.items()
    )
    told = "\n".join(
        f"  one{at}: {name}({', '.join(f'{each}: ${each}{at}' for each in arguments)})"
        f" {{ {answer} }}"
        for at in range(times)
    )
    return f"{kind} ({declared}) {{\n{told}\n}}"
