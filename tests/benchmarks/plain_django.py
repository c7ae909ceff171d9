"""The peer of `accept`: what one writes first, a Django view under gunicorn's threads.

No middleware, one persistent connection for each thread, one row through the ORM.
"""

import base64
import hmac
import os
from http import HTTPStatus
from typing import ClassVar

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import re_path

from tests.benchmarks.peers import database_settings

SECRET = os.environ["BENCH_SECRET"].encode()
TENANT_ID, STORE_ID = int(os.environ["BENCH_TENANT"]), int(os.environ["BENCH_STORE"])

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of a benchmark",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": database_settings(os.environ["BENCH_DATABASE"])},
)
application = get_wsgi_application()


class Delivery(models.Model):
    """The inbox."""

    tenant_id = models.BigIntegerField()
    store_id = models.BigIntegerField()
    delivery_id = models.TextField()
    topic = models.TextField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()

    objects: "ClassVar[models.Manager[Delivery]]" = models.Manager()

    class Meta:
        app_label = "bench"
        db_table = "stores_inboxdelivery"
        managed = False

    def __str__(self) -> str:
        return self.delivery_id


def receive(request: HttpRequest) -> HttpResponse:
    """Answer 200 once the body is committed."""
    expected = base64.b64encode(hmac.digest(SECRET, request.body, "sha256")).decode()
    if not hmac.compare_digest(expected, request.headers["X-Shopify-Hmac-Sha256"]):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    Delivery.objects.create(
        tenant_id=TENANT_ID,
        store_id=STORE_ID,
        delivery_id=request.headers["X-Shopify-Webhook-Id"],
        topic=request.headers["X-Shopify-Topic"],
        body=request.body,
    )
    return HttpResponse(headers={"Content-Length": "0"})


urlpatterns = [re_path("^webhooks/", receive)]
