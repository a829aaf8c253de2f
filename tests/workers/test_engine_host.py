"""The engine of a process: its self-test, its policy, and what is said where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from portal.engines.models import Space, WorkerReport
from portal.engines.selectors import SMALL_GALLERY, Deciding, active_space, live_workers
from portal.engines.services import register_space, report_worker, report_worker_alive
from portal.sightings.models import Recognition
from recognition.errors import DeviceUnavailable, SelfTestFailed, WeightsError
from tests.factories import RecognitionFactory, enrolled_person
from tests.factories.faces import SPACE
from workers import engine_host, lifecycle
from workers.engine_host import EngineHost, current_host
from workers.settings import engine_config

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Report:
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def with_checks(engine, *checks: Check):
    engine.self_test = lambda: Report(checks)
    return engine


def build(monkeypatch, engine) -> EngineHost:
    import recognition.pipeline

    monkeypatch.setattr(recognition.pipeline, "load_engine", lambda config: engine)
    return EngineHost.build(owner="recognition@here")


def test_without_an_engine_a_task_says_which_worker_it_needs(monkeypatch):
    monkeypatch.setattr(engine_host, "_host", None)
    with pytest.raises(RuntimeError, match="recognition worker"):
        current_host()


def test_an_engine_is_used_once_its_self_test_has_passed(monkeypatch, engine):
    host = build(monkeypatch, with_checks(engine, Check("golden", True, "0.0001")))
    assert host.checks == [{"name": "golden", "ok": True, "detail": "0.0001"}]
    assert Space.objects.get().pk == SPACE.id
    assert host.describe()["space_id"] == SPACE.id
    assert host.describe()["device"] == "cpu"


def test_a_failed_self_test_names_what_failed_and_only_that(monkeypatch, engine):
    checks = [Check("golden", False, "0.2 instead of 0.001"), Check("device", True, "cpu")]
    with pytest.raises(SelfTestFailed, match=r"golden: 0\.2 instead") as failed:
        build(monkeypatch, with_checks(engine, *checks))
    assert "device" not in failed.value.message


@pytest.mark.parametrize("error", [DeviceUnavailable("no GPU"), WeightsError("wrong digest")])
def test_an_engine_that_cannot_be_loaded_is_never_replaced_by_another(monkeypatch, error):
    import recognition.pipeline

    def refuse(config: object) -> None:
        raise error

    monkeypatch.setattr(recognition.pipeline, "load_engine", refuse)
    with pytest.raises(type(error)):
        EngineHost.build(owner="x")


def test_the_policy_follows_the_size_of_the_gallery(host, monkeypatch):
    from portal.engines import selectors

    monkeypatch.setattr(selectors, "SMALL_GALLERY", 1)
    asked = []
    real = engine_host.deciding

    def counted(size: int, *, space_id: str) -> Deciding:
        asked.append(size)
        return real(size, space_id=space_id)

    monkeypatch.setattr(engine_host, "deciding", counted)
    enrolled_person(1)
    host.gallery.refresh()
    small = host.policy()
    assert host.policy() is small
    for n in range(2, 40):
        enrolled_person(n)
    host.gallery.refresh()
    assert host.policy().threshold > small.threshold
    assert asked == [1, 39]
    assert host.duplicate_policy().threshold > host.policy().threshold
    assert SMALL_GALLERY > 1


def test_a_fixed_threshold_is_kept_whatever_the_size(host, settings):
    settings.RECOGNITION = replace(settings.RECOGNITION, threshold=0.61)
    assert host.policy().threshold == 0.61


def test_the_engine_is_configured_by_the_settings(settings, data_dir):
    settings.RECOGNITION = replace(settings.RECOGNITION, device="cpu", detector="mtcnn", threads=3)
    config = engine_config()
    assert (config.device, config.detector, config.threads) == ("cpu", "mtcnn", 3)
    assert config.cache_dir == data_dir / "models"


class TestStart:
    @pytest.fixture
    def started(self, monkeypatch):
        told: list[str] = []
        monkeypatch.setattr(lifecycle, "_worker_name", "recognition@here")
        monkeypatch.setattr(lifecycle, "report_ready", lambda: told.append("ready"))
        monkeypatch.setattr(lifecycle, "report_failure", told.append)
        monkeypatch.setattr(engine_host, "_host", None)
        return told

    def test_a_worker_takes_back_what_its_predecessor_held(self, started, monkeypatch, engine):
        enrolled_person(1)
        row = RecognitionFactory(state="running", lease_owner="recognition@here", attempts=1)
        host = EngineHost(engine, owner="recognition@here")
        host.checks = [{"name": "golden", "ok": True, "detail": ""}]
        monkeypatch.setattr(EngineHost, "build", classmethod(lambda cls, owner: host))
        lifecycle._start_engine()
        row.refresh_from_db()
        assert (row.state, row.lease_owner) == (Recognition.State.QUEUED, "")
        report = WorkerReport.objects.get()
        assert (report.state, report.gallery_size, report.gallery_revision) == ("ready", 1, 1)
        assert report.checks == host.checks
        assert current_host() is host
        assert started == ["ready"]
        assert live_workers("recognition") == 1
        assert active_space().pk == SPACE.id

    def test_a_worker_whose_engine_fails_reports_why_and_stops_its_parent(
        self, started, monkeypatch
    ):
        class Exited(Exception):
            pass

        killed: list[int] = []

        def refuse(cls: type, owner: str) -> EngineHost:
            raise SelfTestFailed("The engine's self-test failed. golden: 0.2")

        def leave(status: int) -> None:
            raise Exited(status)

        monkeypatch.setattr(EngineHost, "build", classmethod(refuse))
        monkeypatch.setattr(lifecycle.os, "kill", lambda pid, number: killed.append(pid))
        monkeypatch.setattr(lifecycle.os, "_exit", leave)
        with pytest.raises(Exited, match="1"):
            lifecycle._start_engine()
        assert len(killed) == 1
        assert started == ["The engine's self-test failed. golden: 0.2"]
        report = WorkerReport.objects.get()
        assert (report.state, report.live_state) == ("failed", "failed")
        assert report.checks[0]["name"] == "engine.self_test"
        assert live_workers("recognition") == 0


def test_a_worker_that_fell_silent_is_not_counted(time_machine):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    report_worker("light@here", role="light", state="ready", pid=1)
    time_machine.shift(timedelta(seconds=29))
    assert live_workers("light") == 1
    time_machine.shift(timedelta(seconds=2))
    assert live_workers("light") == 0
    assert WorkerReport.objects.get().live_state == "offline"
    report_worker_alive("light@here")
    assert live_workers("light") == 1


def test_a_space_is_registered_once_and_never_changed():
    first = register_space(SPACE)
    assert register_space(SPACE) == first
    assert first.contract == SPACE
    assert Space.objects.count() == 1
