"""Questions to the domain name system, with a limit on how long they may take. For workers."""

import ipaddress
from collections.abc import Iterable
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings

DEFAULT_PORT = 53


class DnsUnavailable(Exception):
    """No name server answered in time, or they failed: nothing is known."""


class DnsUnknown(Exception):
    """The name does not exist."""


def list_texts(name: str) -> list[str]:
    """Return the TXT records of a name, each in one piece; empty when it has none.

    Raises:
        DnsUnknown: there is no such name.
        DnsUnavailable: nobody answered.
    """
    return [b"".join(record.strings).decode("utf-8", "replace") for record in _ask(name, "TXT")]


def find_alias(name: str) -> str:
    """Return the name that a name is an alias of, in lower case; empty when it is none.

    Raises:
        DnsUnknown: there is no such name.
        DnsUnavailable: nobody answered.
    """
    return next((_plain(record.target) for record in _ask(name, "CNAME")), "")


def list_addresses(name: str) -> set[str]:
    """Return the IPv4 and IPv6 addresses of a name, through aliases.

    Raises:
        DnsUnknown: there is no such name.
        DnsUnavailable: nobody answered.
    """
    return {record.address for kind in ("A", "AAAA") for record in _ask(name, kind)}


def list_mail_hosts(name: str) -> list[str]:
    """Return the hosts that take mail for a name, the first choice first.

    Raises:
        DnsUnknown: there is no such name.
        DnsUnavailable: nobody answered.
    """
    found = sorted(_ask(name, "MX"), key=lambda record: int(record.preference))
    return [host for record in found if (host := _plain(record.exchange))]


def _ask(name: str, kind: str) -> Iterable[Any]:
    try:
        return _resolver().resolve(name, kind, search=False, lifetime=settings.DNS_SECONDS)
    except dns.resolver.NXDOMAIN as exc:
        raise DnsUnknown(name) from exc
    except dns.resolver.NoAnswer:
        return []
    except dns.exception.DNSException as exc:
        raise DnsUnavailable(name) from exc


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().strip(".")


def _resolver() -> dns.resolver.Resolver:
    servers: list[str] = settings.DNS_RESOLVERS
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [_server(text) for text in servers]
    return resolver


def _server(text: str) -> dns.nameserver.Nameserver:
    address, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    ipaddress.ip_address(address)
    return dns.nameserver.Do53Nameserver(address, int(port or DEFAULT_PORT))
