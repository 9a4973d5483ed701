"""Who sends a request, and whether over https: as the connection shows, or as a trusted proxy in front says.

`Server` takes `X-Forwarded-For` and `X-Forwarded-Proto` only from the proxies of the setting `trusted_proxies`; what
anybody else says there is not looked at. Whoever asks, asks here.
"""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from starlette.requests import HTTPConnection

from shared.service.echoes import shortened

LONGEST_ADDRESS = 45
UNKNOWN = "unknown"
_SITE_BITS = 64  # one IPv6 site has so many addresses of its own as it likes


class Peer(NamedTuple):
    """The other end: its address, and whether nobody on the way could read along."""

    address: str
    is_https: bool

    @property
    def site(self) -> str:
        """What limits are counted by: the address, of IPv6 the network of the site."""
        try:
            address = ip_address(self.address)
        except ValueError:
            return self.address
        if isinstance(address, IPv6Address):
            return str(ip_network((int(address), _SITE_BITS), strict=False))
        return self.address


def peer_of(request: HTTPConnection) -> Peer:
    """Who sent this request, and over what."""
    return Peer(_written(request.client.host) if request.client else UNKNOWN, request.url.scheme == "https")


def _written(host: str) -> str:
    """One way to write each address; an IPv4 address that came over IPv6 is one."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return shortened(host, LONGEST_ADDRESS) or UNKNOWN
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def proxies(setting: str) -> str:
    """The addresses and networks of a setting, comma separated; raises ValueError for what is none."""
    given = [part.strip() for part in setting.split(",") if part.strip()]
    for part in given:
        try:
            network = ip_network(part)
        except ValueError as wrong:
            msg = (
                f"{shortened(part, LONGEST_ADDRESS)} is no address and no network; write such as 10.0.0.5, 10.1.0.0/24"
            )
            raise ValueError(msg) from wrong
        if network.prefixlen == 0:
            msg = f"{part} trusts everybody; name the proxies that stand in front"
            raise ValueError(msg)
    return ",".join(given)
