"""One engine and one gallery per process, built after the fork and shared by its tasks."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from portal.engines.models import Space
from portal.engines.selectors import duplicate_policy, policy_in_force
from portal.engines.services import register_space
from recognition.decision import DecisionPolicy
from recognition.errors import SelfTestFailed
from workers.gallery import GalleryFollower
from workers.settings import engine_config

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = ["EngineHost", "current_host", "install_host"]


class EngineHost:
    """An engine that has passed its self-test, with the gallery it searches."""

    def __init__(self, engine: Engine, *, owner: str) -> None:
        self.engine = engine
        self.owner = owner
        self.space: Space = register_space(engine.space)
        self.gallery = GalleryFollower(engine.new_index())
        self._policy: tuple[int, DecisionPolicy] | None = None

    @classmethod
    def build(cls, *, owner: str, enlarges: bool = True) -> EngineHost:
        """Load the engine as configured. Raises ``RecognitionError`` where anything is amiss.

        Without ``enlarges`` (``EngineConfig``) faces below 30 px are missed, and twice as many
        frames of a live camera can be looked at.
        """
        # Here and not above: the parent of a prefork worker must never load a network, and CUDA
        # cannot be initialised twice across a fork.
        from recognition.pipeline import load_engine

        host = cls(load_engine(replace(engine_config(), enlarges=enlarges)), owner=owner)
        host.checks = host.run_self_test()
        return host

    checks: list[dict[str, Any]]

    def run_self_test(self) -> list[dict[str, Any]]:
        report = self.engine.self_test()
        checks = [asdict(check) for check in report.checks]
        if not report.ok:
            failed = "; ".join(f"{c['name']}: {c['detail']}" for c in checks if not c["ok"])
            raise SelfTestFailed(f"The engine's self-test failed. {failed}")
        return checks

    def policy(self) -> DecisionPolicy:
        """The rule in force for the gallery's present size."""
        size = len(self.gallery)
        if self._policy is None or self._policy[0] != size:
            self._policy = (size, policy_in_force(size))
        return self._policy[1]

    def duplicate_policy(self) -> DecisionPolicy:
        """The stricter rule by which an enrolment photo is taken for somebody known."""
        return duplicate_policy(len(self.gallery))

    def describe(self) -> dict[str, Any]:
        return {**asdict(self.engine.info), "space_id": self.space.id}


_host: EngineHost | None = None


def install_host(host: EngineHost) -> None:
    global _host  # noqa: PLW0603 - one engine per process is the point
    _host = host


def current_host() -> EngineHost:
    if _host is None:
        raise RuntimeError(
            "This process has no engine: recognition tasks need a recognition worker."
        )
    return _host
