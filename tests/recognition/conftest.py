"""Engines and pictures that several engine tests share; weights are derived once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognition import cli
from recognition.config import EngineConfig
from recognition.images import decode_image
from recognition.pipeline import load_engine
from tests.realdata import real_photos

ASSETS = Path(__file__).parents[2] / "recognition" / "assets"


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("engine-cache")


@pytest.fixture(scope="session")
def f32_engine(cache_dir):
    """Float32 on a processor: the arithmetic that golden values are stored in."""
    return load_engine(EngineConfig(device="cpu", precision="f32", cache_dir=cache_dir))


@pytest.fixture
def run(f32_engine, capsys, monkeypatch):
    """Call a command on an engine that is loaded already; its exit code, output and complaints."""
    monkeypatch.setattr("recognition.pipeline.load_engine", lambda config: f32_engine)

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def one_torch_thread():
    """On a busy machine two threads that wait for one another are ten times as slow."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def golden_bytes():
    return (ASSETS / "golden_face.png").read_bytes()


@pytest.fixture(scope="session")
def golden_picture(golden_bytes):
    return decode_image(golden_bytes).picture


@pytest.fixture(scope="session")
def photos():
    """The folder of real photos; tests that need it are skipped without it."""
    return real_photos("detection").parent
