"""Serves synchronous views under ASGI with one hop into a thread, asynchronous ones as Django does.

Django's own handler crosses between event loop and thread at every middleware that knows only
one of the two, in a thread made for the request, whose connections to database and broker die
with it. Here the whole of a synchronous request, middleware to signals, is one call in a pool of
threads that keep theirs. Public surface: ``HttpApplication``.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from asgiref.sync import ThreadSensitiveContext
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

__all__ = ["HttpApplication"]


class HttpApplication:
    """The ASGI application for HTTP, with ``threads`` threads.

    ``asynchronous`` names the paths whose views wait long without working; a thread each would
    be wasted on them, so they run in the event loop. (Asking the URL tree for the kind of view
    would cost a fifth of a short request.)
    """

    def __init__(self, *, threads: int, asynchronous: frozenset[str]) -> None:
        self._asynchronous_paths = asynchronous
        self._asynchronous = ASGIHandler()
        self._pooled = _PooledHandler(threads=threads)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        waits = scope["path"] in self._asynchronous_paths
        await (self._asynchronous if waits else self._pooled)(scope, receive, send)


class _PooledHandler(ASGIHandler):
    """A request that a client gives up is worked to its end: a thread cannot be interrupted."""

    def __init__(self, *, threads: int) -> None:
        super().__init__()
        # The base class has just built the chain for the event loop; this one is for threads.
        self.load_middleware(is_async=False)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        # No copy of the caller's context: what a thread keeps, such as its connection to the
        # cache, lives in the thread's own. Whatever is set per request is reset per request.
        with body:
            response = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._respond, scope, body
            )
            if not response.streaming:
                await self.send_response(response, send)
                return
            async with ThreadSensitiveContext():
                try:
                    await self.send_response(response, send)
                finally:
                    await asyncio.get_running_loop().run_in_executor(self._pool, response.close)

    def _respond(self, scope: dict[str, Any], body: Any) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        # Django gives one of the two.
        answered = refusal if request is None else self.get_response(request)
        response = cast("HttpResponseBase", answered)
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            # In memory already, so this thread's part ends here, with ``request_finished``.
            response.close()
        return response
