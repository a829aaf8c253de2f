"""The web process: pages, API and websockets on one port. Run as ``python -m portal.system.web``.

Under ``manage.py up`` it is handed a listening socket (``--fd``), which outlives it: browsers
that connect while it is started again wait instead of being refused.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence

import uvicorn

from portal.core.errors import OperatorError
from portal.system.preflight import listen

__all__ = ["main", "server_config"]

# A browser sends small messages ("I watch this page"), never data.
_LARGEST_MESSAGE_BYTES = 64 * 1024

# Open websockets do not end by themselves; browsers come back by themselves.
_GRACE_S = 3


def server_config(*, trusted_proxies: Sequence[str]) -> uvicorn.Config:
    """``X-Forwarded-*`` is believed from ``trusted_proxies`` only; with none, from nobody."""
    return uvicorn.Config(
        "portal.config.asgi:application",
        http="httptools",
        loop="uvloop",
        ws="websockets-sansio",
        ws_max_size=_LARGEST_MESSAGE_BYTES,
        # A hint is shorter than what compressing it for each browser would cost.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=_GRACE_S,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    parser = argparse.ArgumentParser(prog="python -m portal.system.web", description=__doc__)
    parser.add_argument(
        "--fd", type=int, help="serve this inherited listening socket instead of opening one"
    )
    inherited = parser.parse_args(arguments).fd
    try:
        from portal.config.env import ENV

        listener = (
            listen(ENV.host, ENV.port) if inherited is None else socket.socket(fileno=inherited)
        )
        uvicorn.Server(server_config(trusted_proxies=ENV.trusted_proxies)).run(sockets=[listener])
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
