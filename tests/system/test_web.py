"""The web process: whom it believes about the visitor's address, and how it carries websockets."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from portal.system.preflight import listen
from portal.system.web import server_config

FORWARDED = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]


async def seen_by_the_application(config: uvicorn.Config, *, peer: str) -> tuple[str, str]:
    """Return the client's address and the scheme as the application sees them."""
    seen: dict[str, Any] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    config.app = application
    config.load()
    scope = {"type": "http", "scheme": "http", "client": (peer, 50_000), "headers": FORWARDED}
    await config.loaded_app(scope, None, None)
    return seen["client"][0], seen["scheme"]


@pytest.mark.parametrize(
    ("trusted", "peer", "expected", "why"),
    [
        ((), "127.0.0.1", ("127.0.0.1", "http"), "nobody is believed unless named"),
        (("127.0.0.1",), "127.0.0.1", ("203.0.113.9", "https"), "the proxy that was named"),
        (("127.0.0.1",), "192.0.2.7", ("192.0.2.7", "http"), "somebody who came around it"),
        (("10.0.0.0/8",), "10.1.2.3", ("203.0.113.9", "https"), "a network that was named"),
    ],
)
async def test_forwarded_addresses_are_believed_from_named_proxies_only(
    trusted: tuple[str, ...], peer: str, expected: tuple[str, str], why: str
) -> None:
    config = server_config(trusted_proxies=trusted)
    assert await seen_by_the_application(config, peer=peer) == expected, why


async def test_websockets_work_end_without_delay_and_refuse_large_messages() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"].upper()})

    config = server_config(trusted_proxies=())
    config.app = application
    server = uvicorn.Server(config)
    with closing(listen("127.0.0.1", 0)) as listener:
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener.dup()])
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        async with connect(address) as browser:
            await browser.send("hello")
            assert await browser.recv() == "HELLO"
            assert "server" not in browser.response.headers
            await browser.send("x" * 100_000)
            await browser.wait_closed()
            assert browser.close_code == 1009  # message too big
        async with connect(address):
            await asyncio.wait_for(server.shutdown(), timeout=10)
