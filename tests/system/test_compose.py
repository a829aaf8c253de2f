"""docker-compose.yml and the Dockerfiles say what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.jobs.registry import QUEUES
from portal.system.process import SERVICES, Service, service_command
from tests.system.toys import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICE_KEYS = {
    *("build", "command", "depends_on", "deploy", "env_file", "environment", "healthcheck"),
    *("image", "init", "ports", "profiles", "restart", "volumes"),
}
CONDITIONS = {"service_healthy", "service_completed_successfully", "service_started"}


@pytest.mark.parametrize(
    ("container", "service"),
    [
        ("portal", "web"),
        ("worker-light", "light"),
        ("worker-recognition", "recognition"),
        ("worker-gpu", "recognition"),
        ("streams", "streams"),
    ],
)
def test_a_container_runs_what_up_runs(container: str, service: Service) -> None:
    expected = service_command(service, data_dir=Path("/data"), python="python")
    assert tuple(COMPOSE["services"][container]["command"]) == expected


def test_every_queue_has_its_worker_and_the_clock_is_there_once() -> None:
    commands = [service_command(s, data_dir=Path("/data")) for s in SERVICES]
    queues = [c[c.index("--queues") + 1] for c in commands if "--queues" in c]
    assert sorted(queues) == sorted(QUEUES)
    assert sum("--beat" in c for c in commands) == 1


def test_every_service_has_the_shape_that_compose_expects() -> None:
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for name, service in services.items():
        assert set(service) <= SERVICE_KEYS, name
        assert "image" in service, name
        assert all(isinstance(word, str) for word in service.get("command", [])), name
        assert all(isinstance(v, str) for v in service.get("environment", {}).values()), name
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in volumes, name
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services, name
            assert how["condition"] in CONDITIONS, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], (name, needed)


def test_every_container_that_stays_up_is_watched() -> None:
    unwatched = {n for n, s in COMPOSE["services"].items() if "healthcheck" not in s}
    assert unwatched == {"prepare"}


def test_no_secret_is_written_in_the_file() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "://" in value:
                assert not re.search(r"://[^:/@]+:[^$@]+@", value), name
        if "PASSWORD" in str(service.get("environment")):
            assert "${POSTGRES_PASSWORD:?" in str(service["environment"])


def test_variables_given_to_containers_are_settings_that_exist() -> None:
    known = set(re.findall(r'"((?:GATEHOUSE|DATABASE)_[A-Z_]+)"', _source("portal/config/env.py")))
    given = {n for n in COMPOSE["x-environment"] if n.startswith(("GATEHOUSE_", "DATABASE_"))}
    assert given <= known


def test_the_example_lists_every_setting_and_no_other() -> None:
    known = set(re.findall(r'"((?:GATEHOUSE|DATABASE)_[A-Z_]+)"', _source("portal/config/env.py")))
    listed = set(
        re.findall(r"^#((?:GATEHOUSE|DATABASE)_[A-Z_]+)=", _source(".env.example"), re.MULTILINE)
    )
    assert listed == known


def test_images_take_their_packages_from_sections_that_exist() -> None:
    sections = re.findall(r"^# == (\w+) ==$", _source("requirements.txt"), flags=re.MULTILINE)
    assert sections == ["web", "queue", "vision", "test"]
    for file, last in (("portal/Dockerfile", "vision"), ("workers/Dockerfile", "test")):
        assert f"'/^# == web ==$/,/^# == {last} ==$/p'" in _source(file)


def test_every_requirement_is_pinned_exactly_and_named_once() -> None:
    lines = [
        line
        for line in _source("requirements.txt").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+(\[[a-z]+\])?==[0-9][\w.]*", line) for line in lines)
    names = [re.split(r"[\[=]", line)[0].lower() for line in lines]
    assert len(names) == len(set(names))


def _source(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")
