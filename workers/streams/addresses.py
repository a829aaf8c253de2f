"""From a camera's settings to an assignment: its address is looked up and checked anew before
every connection, away from the loop. Public surface: ``Addresses``, ``assignment_of``.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from portal.cameras.contracts import CameraSettings
from portal.cameras.services.source import SCHEMES
from portal.cameras.videos import video_path
from portal.core.errors import DomainError
from portal.core.outbound import AddressRefused, check_address
from workers.streams.messages import Assignment, Trouble

__all__ = ["Addresses", "assignment_of"]

logger = structlog.get_logger(__name__)

# Name servers may take their time; each camera waits for its own.
_THREADS = 4


class Addresses:
    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="addresses")

    def prepare(self, settings: CameraSettings) -> Future[Assignment]:
        return self._pool.submit(_guarded, settings)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _guarded(settings: CameraSettings) -> Assignment:
    try:
        return assignment_of(settings)
    except Trouble:
        raise
    except Exception as error:  # noqa: BLE001 - as it must not be told
        # The text may name the address.
        logger.error("address_failed", camera=str(settings.id), error=type(error).__name__)
        raise Trouble("address") from None


def assignment_of(settings: CameraSettings) -> Assignment:
    """Raises ``Trouble`` for an address that leads nowhere or where nobody may go."""
    if settings.kind == "file":
        try:
            path = str(video_path(settings.address))
        except DomainError:
            raise Trouble("file") from None
        return Assignment(kind="file", rate_fps=settings.rate_fps, path=path)
    try:
        found = check_address(settings.address, schemes=SCHEMES[settings.kind])
    except AddressRefused as refused:
        # A name server may be out of order for a while; all else is for somebody to put right.
        is_passing = refused.code == "address.unknown"
        raise Trouble("unreachable" if is_passing else "address") from None
    return Assignment(
        kind=settings.kind,
        rate_fps=settings.rate_fps,
        scheme=found.scheme,
        host=found.host,
        port=found.port,
        path=found.path,
        username=found.username,
        password=found.password,
        ip=found.ip,
        verifies_certificate=settings.verifies_certificate,
    )
