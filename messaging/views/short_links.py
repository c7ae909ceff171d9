"""`/l/{code}`: the short links of texts. The code names the tenant, whose scope is opened here."""

import structlog
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kernel.tenancy import tenant_scope
from messaging.domain.short_codes import tenant_of
from messaging.services.short_links import follow_short_link, record_short_click
from messaging.views.hits import PRIVATE, read_hit

log = structlog.get_logger(__name__)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD"])
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Lead to the target, whatever becomes of the record."""
    tenant_id = tenant_of(code)
    if tenant_id is None:
        raise Http404
    with tenant_scope(tenant_id):
        link = follow_short_link(code)
        if link is None:
            raise Http404
        try:
            record_short_click(link, read_hit(request))
        except DatabaseError:
            log.exception("touch_lost", tenant=tenant_id, message=link.message_id)
    return HttpResponseRedirect(link.url, headers=PRIVATE)
