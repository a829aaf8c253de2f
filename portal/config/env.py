"""The only reader of ``os.environ``: every ``GATEHOUSE_*`` setting, typed, with its default.

Public surface: ``ENV`` (read once at import), ``Environment`` and ``BrokerUrls``.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import quote, urlsplit, urlunsplit

from portal.core.errors import OperatorError

__all__ = [
    "ENV",
    "BrokerUrls",
    "Environment",
    "EnvironmentInvalid",
    "RecognitionOptions",
    "read_environment",
]

DeviceName = Literal["auto", "cpu", "cuda"]
DetectorName = Literal["yunet", "mtcnn"]

PROJECT_DIR = Path(__file__).resolve().parents[2]


class EnvironmentInvalid(OperatorError):
    """A setting in the environment cannot be used; the message names it and what it may be."""


@dataclass(frozen=True, slots=True)
class BrokerUrls:
    """One broker, three clients: each library writes the same address in its own way."""

    celery: str
    channels: str
    cache: str


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """How this installation recognises.

    ``stranger_rate`` is the share of strangers that may be given a name (FPIR); the threshold
    follows the gallery's size so that it holds. A fixed ``threshold`` overrides it. ``threads=0``
    leaves the number of the engine's threads to the runtime.
    """

    device: DeviceName
    detector: DetectorName
    threads: int
    stranger_rate: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that an operator can set from outside."""

    data_dir: Path
    host: str
    port: int
    public_url: str
    allowed_hosts: tuple[str, ...]
    secure_cookies: bool
    debug: bool
    database_url: str
    redis_url: str
    admin_email: str
    admin_password: str
    recognition: RecognitionOptions
    picture_retention_days: int
    time_zone: str
    site_name: str
    log_format: Literal["console", "json"]
    email_url: str
    email_from: str
    trusted_proxies: tuple[str, ...]
    # Networks such as loopback that cameras and webhooks may be reached in all the same.
    opened_networks: tuple[IPv4Network | IPv6Network, ...]
    # A change of the decision rule waits for a second person.
    calibration_needs_two: bool
    # How many days back others than HR may ask for a correction.
    correction_days: int

    @property
    def runtime_dir(self) -> Path:
        """Short, private folder for sockets: a Unix socket's path holds 108 bytes at most.

        Derived from the data directory, so that every process of one installation finds the
        same socket and two installations never share one.
        """
        digest = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:10]
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        return Path(base) / f"gatehouse-{os.getuid()}-{digest}"

    @property
    def broker_socket(self) -> Path:
        return self.runtime_dir / "broker.sock"

    @property
    def uses_private_broker(self) -> bool:
        return not self.redis_url

    @property
    def broker_urls(self) -> BrokerUrls:
        """Databases 0, 1 and 2 of one server: queue, channel layer, cache."""
        if self.redis_url:
            return BrokerUrls(*(_with_database(self.redis_url, n) for n in range(3)))
        path = quote(str(self.broker_socket))
        return BrokerUrls(
            celery=f"redis+socket://{path}?virtual_host=0",
            channels=f"unix://{path}?db=1",
            cache=f"unix://{path}?db=2",
        )


def _with_database(url: str, number: int) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{number}", parts.query, ""))


def read_environment(source: dict[str, str] | None = None) -> Environment:
    """Read the settings from ``source`` (default: the process's environment).

    Raises ``EnvironmentInvalid`` with the variable's name for a value that cannot be used.
    """
    env = dict(os.environ) if source is None else source
    port = _integer(env, "GATEHOUSE_PORT", 8000, low=1, high=65_535)
    host = env.get("GATEHOUSE_HOST", "127.0.0.1")
    data_dir = Path(env.get("GATEHOUSE_DATA_DIR") or PROJECT_DIR / "var").expanduser().resolve()
    public_url = env.get("GATEHOUSE_PUBLIC_URL", f"http://{host}:{port}").rstrip("/")
    public_host = urlsplit(public_url).hostname or host
    hosts = [h for h in env.get("GATEHOUSE_ALLOWED_HOSTS", "").split(",") if h.strip()]
    return Environment(
        data_dir=data_dir,
        host=host,
        port=port,
        public_url=public_url,
        allowed_hosts=tuple(
            dict.fromkeys([public_host, "127.0.0.1", "localhost", "[::1]", *hosts])
        ),
        secure_cookies=public_url.startswith("https://"),
        debug=_flag(env, "GATEHOUSE_DEBUG"),
        database_url=env.get("DATABASE_URL") or f"sqlite:///{data_dir / 'gatehouse.sqlite3'}",
        redis_url=env.get("GATEHOUSE_REDIS_URL", ""),
        admin_email=env.get("GATEHOUSE_ADMIN_EMAIL", ""),
        admin_password=env.get("GATEHOUSE_ADMIN_PASSWORD", ""),
        recognition=_recognition_options(env),
        picture_retention_days=_integer(
            env, "GATEHOUSE_PICTURE_RETENTION_DAYS", 30, low=1, high=3650
        ),
        time_zone=env.get("GATEHOUSE_TIME_ZONE", "UTC"),
        site_name=env.get("GATEHOUSE_SITE_NAME", "Gatehouse"),
        log_format=cast(
            "Literal['console', 'json']",
            _choice(env, "GATEHOUSE_LOG_FORMAT", "console", ("console", "json")),
        ),
        email_url=env.get("GATEHOUSE_EMAIL_URL", "consolemail://"),
        email_from=env.get("GATEHOUSE_EMAIL_FROM") or f"gatehouse@{public_host}",
        trusted_proxies=tuple(
            p.strip() for p in env.get("GATEHOUSE_TRUSTED_PROXIES", "").split(",") if p.strip()
        ),
        opened_networks=_networks(env, "GATEHOUSE_OPENED_NETWORKS"),
        calibration_needs_two=_flag(env, "GATEHOUSE_CALIBRATION_NEEDS_TWO"),
        correction_days=_integer(env, "GATEHOUSE_CORRECTION_DAYS", 45, low=1, high=3660),
    )


def _recognition_options(env: dict[str, str]) -> RecognitionOptions:
    return RecognitionOptions(
        device=cast("DeviceName", _choice(env, "GATEHOUSE_DEVICE", "auto", get_args(DeviceName))),
        detector=cast(
            "DetectorName", _choice(env, "GATEHOUSE_DETECTOR", "yunet", get_args(DetectorName))
        ),
        threads=_integer(env, "GATEHOUSE_ENGINE_THREADS", 0, low=0, high=512),
        stranger_rate=_number(env, "GATEHOUSE_STRANGER_RATE", 0.003, low=1e-6, high=0.5),
        threshold=(
            _number(env, "GATEHOUSE_THRESHOLD", 0.0, low=-1.0, high=1.0)
            if env.get("GATEHOUSE_THRESHOLD")
            else None
        ),
    )


def _networks(env: dict[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for one in filter(None, (part.strip() for part in env.get(name, "").split(","))):
        try:
            found.append(ip_network(one))
        except ValueError as error:
            raise EnvironmentInvalid(
                f"{name} names {one!r} ({error}); expected networks such as 127.0.0.0/8, separated "
                "by commas."
            ) from None
    return tuple(found)


def _integer(env: dict[str, str], name: str, default: int, *, low: int, high: int) -> int:
    raw = env.get(name) or str(default)
    try:
        value = int(raw)
    except ValueError:
        raise EnvironmentInvalid(f"{name} is {raw!r}; expected a whole number.") from None
    if not low <= value <= high:
        raise EnvironmentInvalid(f"{name} is {value}; expected {low} to {high}.")
    return value


def _number(env: dict[str, str], name: str, default: float, *, low: float, high: float) -> float:
    raw = env.get(name) or str(default)
    try:
        value = float(raw)
    except ValueError:
        raise EnvironmentInvalid(f"{name} is {raw!r}; expected a number.") from None
    if not low <= value <= high:
        raise EnvironmentInvalid(f"{name} is {value}; expected {low} to {high}.")
    return value


def _flag(env: dict[str, str], name: str) -> bool:
    raw = env.get(name, "0").lower()
    if raw not in {"0", "1", "true", "false", "yes", "no", ""}:
        raise EnvironmentInvalid(f"{name} is {raw!r}; expected 1 or 0.")
    return raw in {"1", "true", "yes"}


def _choice(env: dict[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name) or default
    if value not in allowed:
        raise EnvironmentInvalid(f"{name} is {value!r}; expected one of {', '.join(allowed)}.")
    return value


ENV = read_environment()
