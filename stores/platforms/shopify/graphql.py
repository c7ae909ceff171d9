"""What Shopify's Admin API is asked for: every query, valid in the versions 2025-10 to 2026-07.

The same fields are asked for by list and by bulk operation. A bulk operation takes neither
variables nor connections inside of lists: what a refund is made of is asked for by its id.
"""

from typing import Final

_MONEY: Final = "{ shopMoney { amount currencyCode } }"
_BOTH: Final = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
_PLACE: Final = """{
    firstName lastName city zip provinceCode province countryCodeV2 latitude longitude
}"""
_BUYER: Final = f"""
    legacyResourceId createdAt updatedAt firstName lastName
    defaultEmailAddress {{ emailAddress }}
    defaultPhoneNumber {{ phoneNumber }}
    defaultAddress {_PLACE}
"""

_CUSTOMER: Final = f"""
    id legacyResourceId createdAt updatedAt firstName lastName tags
    defaultEmailAddress {{ emailAddress marketingState marketingOptInLevel marketingUpdatedAt }}
    defaultPhoneNumber {{ phoneNumber marketingState marketingOptInLevel marketingUpdatedAt }}
    defaultAddress {_PLACE}
"""
_METAFIELD: Final = "id namespace key value"

_PRODUCT: Final = """
    id legacyResourceId title productType vendor handle status tags publishedAt updatedAt
    featuredMedia { preview { image { url } } }
"""
_VARIANT: Final = """
    id legacyResourceId sku title price compareAtPrice inventoryQuantity inventoryPolicy
    inventoryItem { legacyResourceId tracked }
"""

_ORDER: Final = f"""
    id legacyResourceId name createdAt processedAt updatedAt cancelledAt test
    currencyCode email phone sourceName customerLocale customerAcceptsMarketing
    discountCodes paymentGatewayNames statusPageUrl
    displayFinancialStatus displayFulfillmentStatus
    totalPriceSet {_MONEY} subtotalPriceSet {_MONEY} totalDiscountsSet {_MONEY}
    totalTaxSet {_MONEY} totalShippingPriceSet {_MONEY}
    billingAddress {_PLACE} shippingAddress {_PLACE}
    customAttributes {{ key value }}
    customerJourneySummary {{ lastVisit {{ landingPage referrerUrl }} }}
    customer {{ {_BUYER} }}
    refunds {{ id }}
    fulfillments {{
      legacyResourceId status displayStatus createdAt updatedAt
      trackingInfo(first: 1) {{ company number url }}
    }}
"""
_LINE: Final = f"""
    id quantity sku title originalUnitPriceSet {_MONEY} totalDiscountSet {_MONEY}
    discountAllocations {{ allocatedAmountSet {_MONEY} }}
    product {{ legacyResourceId }} variant {{ legacyResourceId }}
"""
_REFUNDED_LINE: Final = f"quantity lineItem {{ id }} subtotalSet {_MONEY} totalTaxSet {_MONEY}"
_PAYMENT: Final = f"kind status amountSet {_BOTH}"

_PARTS: Final = {
    "products": ("variants", _PRODUCT, _VARIANT),
    "customers": ("metafields", _CUSTOMER, _METAFIELD),
    "orders": ("lineItems", _ORDER, _LINE),
}
"""By stage: the connection inside, the fields of an object, those of what is connected."""
_TYPES: Final = {"products": "Product", "customers": "Customer", "orders": "Order"}

CHILDREN: Final = {stage: connection for stage, (connection, _, _) in _PARTS.items()}
CHILD_PAGE: Final = {"products": 10, "customers": 5, "orders": 10}
"""So many connected objects are asked for at first; the rest only where there are more."""
MORE_PAGE: Final = 50

CHECK: Final = """query {
  shop { name }
  currentAppInstallation { accessScopes { handle } }
}"""

COUNT: Final = """query ($filter: String) {
  products: productsCount(query: $filter, limit: null) { count }
  customers: customersCount(query: $filter, limit: null) { count }
  orders: ordersCount(query: $filter, limit: null) { count }
}"""


def _list(stage: str) -> str:
    connection, fields, inside = _PARTS[stage]
    return f"""query ($first: Int!, $after: String, $filter: String, $inside: Int!) {{
  {stage}(first: $first, after: $after, query: $filter, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{
      {fields}
      {connection}(first: $inside) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {inside} }}
      }}
    }}
  }}
}}"""


def _more(stage: str) -> str:
    connection, _, inside = _PARTS[stage]
    return f"""query ($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on {_TYPES[stage]} {{
      {connection}(first: $first, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {inside} }}
      }}
    }}
  }}
}}"""


def _bulk(stage: str) -> str:
    connection, fields, inside = _PARTS[stage]
    return f"""{{
  {stage} {{
    edges {{
      node {{
        {fields}
        {connection} {{ edges {{ node {{ {inside} }} }} }}
      }}
    }}
  }}
}}"""


LISTS: Final = {stage: _list(stage) for stage in _PARTS}
"""Objects by the time of their change, page by page."""
MORE: Final = {stage: _more(stage) for stage in _PARTS}
"""What one object has more of than a page of a list holds."""
BULK: Final = {stage: _bulk(stage) for stage in _PARTS}
"""Everything, as a bulk operation puts it together."""

LISTED: Final = f"""query ($first: Int!, $after: String, $filter: String) {{
  orders(first: $first, after: $after, query: $filter, sortKey: PROCESSED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ id legacyResourceId processedAt currencyCode totalPriceSet {_MONEY} }}
  }}
}}"""
"""What a comparison needs of orders, by when they were placed; cancelled and test orders too."""

BY_ID: Final = f"""query ($ids: [ID!]!, $inside: Int!) {{
  nodes(ids: $ids) {{
    ... on Order {{
      {_ORDER}
      lineItems(first: $inside) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_LINE} }}
      }}
    }}
  }}
}}"""
"""Whole orders by their ids; null in the place of one that is gone."""

RUN_BULK: Final = """mutation ($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id createdAt }
    userErrors { message code }
  }
}"""

BULK_STATE: Final = """query ($id: ID!) {
  node(id: $id) {
    ... on BulkOperation { id status errorCode createdAt objectCount rootObjectCount url query }
  }
}"""

REFUNDS: Final = f"""query ($ids: [ID!]!, $first: Int!) {{
  nodes(ids: $ids) {{
    ... on Refund {{
      id legacyResourceId createdAt note
      refundLineItems(first: $first) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_REFUNDED_LINE} }}
      }}
      transactions(first: 10) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_PAYMENT} }}
      }}
      orderAdjustments(first: 5) {{ nodes {{ amountSet {_MONEY} taxAmountSet {_MONEY} }} }}
      refundShippingLines(first: 5) {{ nodes {{ subtotalAmountSet {_MONEY} }} }}
    }}
  }}
}}"""

MORE_REFUNDED: Final = f"""query ($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on Refund {{
      refundLineItems(first: $first, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_REFUNDED_LINE} }}
      }}
    }}
  }}
}}"""

MORE_PAYMENTS: Final = f"""query ($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on Refund {{
      transactions(first: $first, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_PAYMENT} }}
      }}
    }}
  }}
}}"""

SUBSCRIPTIONS: Final = """query ($uri: String!, $after: String) {
  webhookSubscriptions(first: 100, after: $after, uri: $uri) {
    pageInfo { hasNextPage endCursor }
    nodes { id topic }
  }
}"""

SUBSCRIBE: Final = """mutation ($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) {
    webhookSubscription { id }
    userErrors { message }
  }
}"""

UNSUBSCRIBE: Final = """mutation ($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { message }
  }
}"""
