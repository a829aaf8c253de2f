"""Pictures in, faces with vectors out: the engine, files through it, and its self-test."""

from recognition.pipeline.engine import Engine, EngineInfo, load_engine
from recognition.pipeline.files import (
    FileAnalysis,
    MainFaces,
    analyse_files,
    collect_main_faces,
)
from recognition.pipeline.self_test import SelfTestCheck, SelfTestReport

__all__ = [
    "Engine",
    "EngineInfo",
    "FileAnalysis",
    "MainFaces",
    "SelfTestCheck",
    "SelfTestReport",
    "analyse_files",
    "collect_main_faces",
    "load_engine",
]
