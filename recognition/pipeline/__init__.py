"""Pictures in, faces with vectors out: the engine and its self-test."""

from recognition.pipeline.engine import Engine, EngineInfo, load_engine
from recognition.pipeline.self_test import SelfTestCheck, SelfTestReport

__all__ = ["Engine", "EngineInfo", "SelfTestCheck", "SelfTestReport", "load_engine"]
