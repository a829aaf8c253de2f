"""One engine and one gallery per process, built after the fork and shared by its tasks."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from portal.engines.installed import adoption_in_force
from portal.engines.models import Space, SpaceAdoption, WorkerReport
from portal.engines.selectors import Deciding, deciding, duplicate_policy
from portal.engines.services import register_space, report_worker
from portal.jobs.dispatch import ring
from portal.people.selectors import guarded_people
from recognition.config import DEFAULT_MODEL
from recognition.decision import DecisionPolicy
from recognition.errors import RecognitionError, SelfTestFailed, WeightsError
from workers.gallery import GalleryFollower
from workers.settings import engine_config, models_here

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = [
    "EngineHost",
    "current_host",
    "install_host",
    "installed_host",
    "is_outdated",
    "let_go",
    "spare_host",
]

logger = structlog.get_logger(__name__)

_FOLLOWS_S: Final = 0.5
# An engine that could not be loaded is not tried with every picture.
_ASKS_AGAIN_S: Final = 15.0


class EngineHost:
    """An engine that has passed its self-test, with the gallery it searches."""

    def __init__(self, engine: Engine, *, owner: str) -> None:
        self.engine = engine
        self.owner = owner
        self.space: Space = register_space(engine.space)
        self.gallery = GalleryFollower(engine.new_index())
        self._deciding: tuple[int, Deciding] | None = None
        self._read_s = 0.0

    @classmethod
    def build(cls, *, owner: str, enlarges: bool = True) -> EngineHost:
        """Load the engine as configured. Raises ``RecognitionError`` where anything is amiss.

        Without ``enlarges`` (``EngineConfig``) faces below 30 px are missed, and twice as many
        frames of a live camera can be looked at.
        """
        adopted = adoption_in_force()
        host = cls.of_model(
            adopted.model if adopted else DEFAULT_MODEL, owner=owner, enlarges=enlarges
        )
        if adopted is not None and host.space.pk != adopted.space_id:
            raise WeightsError(
                f"The model {adopted.model!r} is not the one that was taken into use: its vectors "
                f"are of the space {host.space.pk}, and those of everybody enrolled of "
                f"{adopted.space_id}. Put its former file back, or go back to the model before it "
                "under Calibration, Model.",
                code="weights.adopted",
            )
        return host

    @classmethod
    def of_model(cls, model: str, *, owner: str, enlarges: bool = True) -> EngineHost:
        """The same with a model that decides nothing yet. Raises as ``build`` does."""
        # Here and not above: the parent of a prefork worker must never load a network, and CUDA
        # cannot be initialised twice across a fork.
        from recognition.pipeline import load_engine

        config = replace(engine_config(), enlarges=enlarges, model=model)
        host = cls(load_engine(config), owner=owner)
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
        """The rule in force for the gallery's present size, with the people who look like somebody
        else; what is saved or found meanwhile is followed within ``_FOLLOWS_S``."""
        return self.deciding().policy

    def deciding(self) -> Deciding:
        """That policy with the saved rule that it is of, from one look at the database."""
        size, now_s = len(self.gallery), time.monotonic()
        held = self._deciding
        if held is None or held[0] != size or now_s - self._read_s > _FOLLOWS_S:
            rule = deciding(size, space_id=self.space.pk)
            policy = replace(rule.policy, guarded=guarded_people(self.space.pk))
            held = self._deciding = (size, replace(rule, policy=policy))
            self._read_s = now_s
        return held[1]

    def duplicate_policy(self) -> DecisionPolicy:
        """The stricter rule by which an enrolment photo is taken for somebody known."""
        return duplicate_policy(len(self.gallery), space_id=self.space.pk)

    def describe(self) -> dict[str, Any]:
        return {**asdict(self.engine.info), "space_id": self.space.id}


_host: EngineHost | None = None
# By model: one that is prepared or in shadow, or was in use until lately.
_spares: dict[str, EngineHost] = {}
_refused: tuple[float, RecognitionError] | None = None


def install_host(host: EngineHost) -> None:
    global _host  # noqa: PLW0603 - one engine per process is the point
    _host = host


def installed_host() -> EngineHost:
    """The engine as it was last used, whatever was adopted since: for a sign of life."""
    if _host is None:
        raise RuntimeError(
            "This process has no engine: recognition tasks need a recognition worker."
        )
    return _host


def current_host() -> EngineHost:
    """The engine that decides now. Where another model was adopted it is loaded first, unless it
    was in shadow and is there; raises ``RecognitionError`` where it cannot be."""
    host, adopted = installed_host(), adoption_in_force()
    if adopted is None or adopted.space_id == host.space.pk:
        if _refused is not None:
            _tell(host)
        return host
    return _change_over(host, adopted)


def is_outdated(host: EngineHost) -> bool:
    """Whether another model was adopted than this one's."""
    adopted = adoption_in_force()
    return adopted is not None and adopted.space_id != host.space.pk


def spare_host(model: str) -> EngineHost:
    """The engine of a model beside the one that decides, loaded when first asked for."""
    host = installed_host()
    if model == host.space.model_id:
        return host
    if model not in _spares:
        _spares[model] = EngineHost.of_model(model, owner=host.owner)
    return _spares[model]


def let_go(*, but: str | None) -> None:
    """Close every spare engine except that of ``but``."""
    for model in _spares.keys() - {but}:
        _spares.pop(model).engine.close()


def _change_over(host: EngineHost, adopted: SpaceAdoption) -> EngineHost:
    if _refused is not None and time.monotonic() - _refused[0] < _ASKS_AGAIN_S:
        raise _refused[1]
    following = _spares.pop(adopted.model, None)
    if following is None or following.space.pk != adopted.space_id:
        try:
            following = EngineHost.build(owner=host.owner)
        except RecognitionError as error:
            _tell(host, error)
            raise
    _spares[host.space.model_id] = host
    install_host(following)
    following.gallery.refresh()
    # Who looks like whom is another question to another model.
    ring("hygiene.compare")
    _tell(following)
    logger.info("engine_changed", space=following.space.pk, gallery=len(following.gallery))
    return following


def _tell(host: EngineHost, error: RecognitionError | None = None) -> None:
    """On the System page: what decides here, or why nothing does."""
    global _refused  # noqa: PLW0603
    _refused = None if error is None else (time.monotonic(), error)
    checks = host.checks
    if error is not None:
        logger.error("engine_refused", code=error.code, message=error.message)
        checks = [{"name": error.code, "ok": False, "detail": error.message}]
    report_worker(
        host.owner,
        role=WorkerReport.Role.RECOGNITION,
        state=WorkerReport.State.READY if error is None else WorkerReport.State.FAILED,
        pid=os.getpid(),
        engine={**host.describe(), "models": models_here()},
        checks=checks,
    )
