"""Questions to the domain name system, with a limit on how long they may take. For workers."""

import ipaddress

import dns.exception
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
    try:
        answer = _resolver().resolve(name, "TXT", search=False, lifetime=settings.DNS_SECONDS)
    except dns.resolver.NXDOMAIN as exc:
        raise DnsUnknown(name) from exc
    except dns.resolver.NoAnswer:
        return []
    except dns.exception.DNSException as exc:
        raise DnsUnavailable(name) from exc
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


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
