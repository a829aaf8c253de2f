"""Addresses that Gatehouse itself connects to: cameras and webhooks.

Whoever may type such an address could otherwise have the server read its own disk or reach what
only the server can. So the scheme is one of a few, the name is resolved once, every answer is
checked, and callers connect to the checked ``SafeAddress.ip`` and to nothing else. Private networks
are where cameras live, and are allowed; the machine itself, link-local addresses, the cloud's
metadata services and multicast are not, unless the operator opened the network
(``GATEHOUSE_OPENED_NETWORKS``).

Public surface: ``check_address``, ``SafeAddress``, ``AddressRefused``. No message holds any part of
an address but its scheme, so that it may be shown and logged.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, unquote

from django.conf import settings

from portal.core.errors import DomainError

__all__ = ["AddressRefused", "SafeAddress", "check_address"]

MAX_LENGTH: Final = 3000
DEFAULT_PORTS: Final = {
    "http": 80,
    "https": 443,
    "mqtt": 1883,
    "mqtts": 8883,
    "rtsp": 554,
    "rtsps": 322,
}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_PARTS = re.compile(r"//([^/?]*)(.*)", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# How programs other than this one read a number as an address: 2130706433, 0x7f000001, 127.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-f]{2})|%[01][0-9a-f]|%7f", re.IGNORECASE)

_METADATA_NAMES: Final = frozenset({"metadata", "metadata.google.internal", "instance-data"})
# Neither loopback nor link-local, and yet nothing that a camera can be at.
_CLOSED: Final = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "100.100.100.200/32",  # metadata of Alibaba's cloud
        "168.63.129.16/32",  # of Microsoft's
        "192.0.0.0/24",  # of Oracle's, among others
        "240.0.0.0/4",
        "::/96",
        "fd00:ec2::/32",  # of Amazon's
        "fd20:ce::/32",  # of Google's
        "fec0::/10",
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


class AddressRefused(DomainError):
    code = "address.refused"


@dataclass(frozen=True, slots=True)
class SafeAddress:
    """An address that was checked. ``path`` has the query with it; ``url`` names the host and has
    no credentials."""

    url: str = field(repr=False)
    scheme: str
    host: str = field(repr=False)
    port: int
    path: str = field(repr=False)
    username: str = field(repr=False)
    password: str = field(repr=False)
    ip: str = field(repr=False)

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def secret_url(self) -> str:
        """The address as it is kept, to be checked again: with the host's name, user and password."""
        return f"{self.scheme}://{self._user()}{self.host_header}{self.path}"

    def _user(self) -> str:
        if not self.username:
            return ""
        return f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"


def check_address(url: str, *, schemes: Collection[str]) -> SafeAddress:
    """Take ``url`` apart, resolve its name once, and see that it leads nowhere forbidden.

    Raises ``AddressRefused`` with the code ``address.empty``, ``.scheme``, ``.form``, ``.host``,
    ``.port``, ``.unknown`` (no such name) or ``.network``. Waits for the name server.
    """
    url = url.strip(" ")
    _require_plain(url)
    scheme, rest = _scheme_of(url, schemes)
    parts = _PARTS.fullmatch(rest)
    if parts is None:
        raise _malformed(f"After {scheme}: two slashes and the name of the camera or server follow")
    authority, path = parts[1], parts[2] or "/"
    if not path.startswith("/"):
        path = f"/{path}"
    username, password, host_and_port = _credentials(authority)
    host, port = _host_and_port(host_and_port, scheme)
    ip = _resolved(host, port)
    path = quote(path, safe="/?&=%:@!$'()*+,;~-._[]|{}^\"<>`")
    address = SafeAddress("", scheme, host, port, path, username, password, ip)
    return SafeAddress(
        f"{scheme}://{address.host_header}{path}",
        *(scheme, host, port, path, username, password, ip),
    )


def _require_plain(url: str) -> None:
    if not url:
        raise AddressRefused("An address is needed.", code="address.empty")
    if len(url) > MAX_LENGTH:
        raise _malformed(f"It is longer than {MAX_LENGTH} characters")
    if not url.isprintable() or any(char.isspace() for char in url):
        raise _malformed("It has spaces, line breaks or invisible characters in it")
    if "\\" in url:
        raise _malformed("It has a backslash in it; use / and, in a password, %5C")
    if "#" in url:
        raise _malformed("It has a # in it; in a password or path write %23")
    if _BAD_ESCAPE.search(url):
        raise _malformed("A % in it is not followed by the two digits of a visible character")


def _scheme_of(url: str, schemes: Collection[str]) -> tuple[str, str]:
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in schemes:
        expected = " or ".join(f"{one}://" for one in sorted(schemes))
        raise AddressRefused(
            f"The address does not begin with {expected}. Nothing else is connected to.",
            code="address.scheme",
        )
    return scheme, url[found.end() :]


def _credentials(authority: str) -> tuple[str, str, str]:
    before, at, host_and_port = authority.rpartition("@")
    if "@" in before:
        raise _malformed("It has more than one @ before the path; in a password write %40")
    username, _, password = before.partition(":")
    if at and not username:
        raise _malformed("There is no user name before the @")
    return unquote(username), unquote(password), host_and_port


def _host_and_port(text: str, scheme: str) -> tuple[str, int]:
    if "%" in text:
        raise AddressRefused(
            "The name of the host has a % in it. Write the name or the IP address plainly, and an "
            "IPv6 address without a zone.",
            code="address.host",
        )
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        raise _malformed(
            "Between // and the next / one name or IP address belongs (an IPv6 address in square "
            "brackets), then a colon and the port where it is not the usual one"
        )
    port = int(found[2]) if found[2] else DEFAULT_PORTS[scheme]
    if not 1 <= port <= 65_535:
        raise AddressRefused("The port is not between 1 and 65535.", code="address.port")
    return _host(found[1]), port


def _host(text: str) -> str:
    """The host as it is looked up: lower case, ASCII, without the last dot."""
    if text.startswith("["):
        try:
            return str(IPv6Address(text[1:-1]))
        except ValueError:
            raise _bad_host("What stands in square brackets is no IPv6 address") from None
    try:
        host = text.lower() if text.isascii() else text.encode("idna").decode().lower()
    except UnicodeError:
        raise _bad_host("The name of the host cannot be written as a domain name") from None
    host = host.removesuffix(".")
    try:
        return str(IPv4Address(host))
    except ValueError:
        pass
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise _bad_host(
            "The host is a number. Write an IP address as four numbers from 0 to 255 without "
            "leading zeros, such as 192.168.1.64"
        )
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _bad_host("The name of the host has characters or an order that no host has")
    if host in _METADATA_NAMES:
        raise _forbidden()
    return host


def _resolved(host: str, port: int) -> str:
    """The one address to connect to. One forbidden answer is enough to refuse the name."""
    try:
        answers = [ip_address(host)]
    except ValueError:
        answers = _looked_up(host, port)
    answers = [_plain(one) for one in answers]
    if not all(_is_allowed(one) for one in answers):
        raise _forbidden()
    return str(min(answers, key=lambda one: one.version))


def _looked_up(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # An answer with a zone is link-local.
        answers = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    except (OSError, UnicodeError, ValueError):
        answers = []
    if not answers:
        raise AddressRefused(
            "There is no host of this name. Check its spelling, or use the IP address.",
            code="address.unknown",
        )
    return answers


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """``::ffff:127.0.0.1`` is 127.0.0.1."""
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _is_allowed(ip: IPv4Address | IPv6Address) -> bool:
    if _is_in(ip, settings.OPENED_NETWORKS):
        return True
    inner = _tunnelled(ip)
    if inner is not None and not _is_allowed(inner):
        return False
    closed = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified
    return not closed and not _is_in(ip, _CLOSED)


def _tunnelled(ip: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to ``ip`` comes out at, where it is one of those."""
    if isinstance(ip, IPv4Address):
        return None
    if ip in _NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _is_in(ip: IPv4Address | IPv6Address, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _malformed(what: str) -> AddressRefused:
    return AddressRefused(f"This address cannot be used. {what}.", code="address.form")


def _bad_host(what: str) -> AddressRefused:
    return AddressRefused(f"{what}.", code="address.host")


def _forbidden() -> AddressRefused:
    return AddressRefused(
        "This address leads to the server itself, or to a network that cameras and webhooks are "
        "kept away from. If that is meant, whoever runs Gatehouse can open the network with "
        "GATEHOUSE_OPENED_NETWORKS.",
        code="address.network",
    )
