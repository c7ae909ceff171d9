"""The pages of `/mailbox/`: what the mail sink took, for people and for checks."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from kernel.embedded.mailbox import Mail, find_mail, list_mails, read_source

PAGE_SIZE = 50
# A mail is foreign content: no script, no form, nothing of this site; links open a new tab.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
BODY_POLICY = (
    "default-src 'none'; img-src 'self' data: https: http:; style-src 'unsafe-inline'; "
    f"font-src data: https:; frame-ancestors 'self'; sandbox {SANDBOX}"
)


@require_GET
def mail_list(request: HttpRequest) -> HttpResponse:
    """Show the newest mails; ``?to=`` filters, ``?after=`` goes on to older ones."""
    to = request.GET.get("to", "").strip()
    mails = list_mails(_folder(), to=to, before=request.GET.get("after", ""), limit=PAGE_SIZE + 1)
    page, has_more = mails[:PAGE_SIZE], len(mails) > PAGE_SIZE
    context = {"mails": page, "to": to, "next": page[-1].id if has_more else None}
    is_fragment = "HX-Request" in request.headers
    return render(request, "mailbox/_mails.html" if is_fragment else "mailbox/list.html", context)


@require_GET
def mail_list_json(request: HttpRequest) -> JsonResponse:
    """List the mails as JSON, newest first; ``?to=`` filters, ``?limit=`` cuts."""
    limit = request.GET.get("limit", "")
    mails = list_mails(
        _folder(), to=request.GET.get("to", ""), limit=int(limit) if limit.isdecimal() else None
    )
    return JsonResponse([_as_json(mail) for mail in mails], safe=False)


@require_GET
def mail_detail(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Show one mail; its body stands in a frame of its own."""
    context = {"mail": _mail(mail_id), "sandbox": SANDBOX}
    return render(request, "mailbox/detail.html", context)


@require_GET
@xframe_options_sameorigin
def mail_body(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Return the HTML of a mail under a policy of its own."""
    page = "".join(_body_page(_mail(mail_id)))
    return HttpResponse(page, headers={"Content-Security-Policy": BODY_POLICY})


@require_GET
def mail_source(request: HttpRequest, mail_id: str) -> HttpResponse:
    """Return a mail as it came over the wire."""
    try:
        source = read_source(_folder(), mail_id)
    except FileNotFoundError as exc:
        raise Http404 from exc
    return HttpResponse(source, content_type="text/plain; charset=utf-8")


def _folder() -> Path:
    return Path(settings.MAILBOX_DIR)


def _mail(mail_id: str) -> Mail:
    mail = find_mail(_folder(), mail_id)
    if mail is None:
        raise Http404
    return mail


def _body_page(mail: Mail) -> Iterator[str]:
    """Put the target of links first; a browser takes it wherever it stands."""
    yield '<!DOCTYPE html><base target="_blank">'
    yield mail.html


def _as_json(mail: Mail) -> dict[str, object]:
    return {
        "id": mail.id,
        "to": list(mail.to),
        "from": mail.sender,
        "subject": mail.subject,
        "headers": mail.headers,
        "html": mail.html,
        "text": mail.text,
        "received_at": mail.received_at.isoformat().replace("+00:00", "Z"),
    }
