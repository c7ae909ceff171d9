"""What a malformed email address was meant to be, where only one thing can be meant. Pure."""

import re

from crm.domain.identifiers import normalize_email

_DOMAINS = {
    **dict.fromkeys(
        ("gmial.com", "gmal.com", "gmai.com", "gnail.com", "gmail.co", "gmail.cm", "gmail"),
        "gmail.com",
    ),
    **dict.fromkeys(("hotmial.com", "hotmal.com", "hotmail.co", "hotmail"), "hotmail.com"),
    **dict.fromkeys(("yaho.com", "yahooo.com", "yahoo.co", "yahoo"), "yahoo.com"),
    **dict.fromkeys(("outlok.com", "outloook.com", "outlook.co", "outlook"), "outlook.com"),
    **dict.fromkeys(("icloud.co", "iclod.com", "icloud"), "icloud.com"),
}
"""Domains of mailboxes as they are mistyped most; none of them is a provider of its own."""
_ENDINGS = {"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "nte": "net"}
_AROUND = " \t\r\n.,;:'\"<>()[]"
_NAMED = re.compile(r"<([^<>]+)>")


def read_email(raw: str) -> str:
    """Return an address as it is where it is well formed, else what it was meant to be."""
    return normalize_email(raw) or suggest_email(raw)


def suggest_email(raw: str) -> str:
    """Return the address that a malformed one was meant to be; empty where that is a guess.

    Blanks go, commas in the domain are points, doubled signs are one, and the endings and domains
    that are mistyped most are mended. The answer is well formed and in lower case.
    """
    named = _NAMED.search(raw)
    text = (named[1] if named else raw).removeprefix("mailto:").strip(_AROUND)
    text = re.sub(r"@{2,}", "@", re.sub(r"\s+", "", text)).lower()
    local, sign, domain = text.rpartition("@")
    if not sign or "@" in local:
        return ""
    domain = re.sub(r"\.{2,}", ".", domain.replace(",", ".").replace(";", ".")).strip(".")
    head, point, ending = domain.rpartition(".")
    if point and ending in _ENDINGS:
        domain = f"{head}.{_ENDINGS[ending]}"
    domain = _DOMAINS.get(domain, domain)
    return normalize_email(f"{local.strip('.')}@{domain}")
