"""Pictures in, faces with vectors out: the engine, files through it, and its self-test."""

from recognition.pipeline.engine import Engine, EngineInfo, load_engine
from recognition.pipeline.files import analyse_files
from recognition.pipeline.self_test import SelfTestCheck, SelfTestReport

__all__ = [
    "Engine",
    "EngineInfo",
    "SelfTestCheck",
    "SelfTestReport",
    "analyse_files",
    "load_engine",
]
