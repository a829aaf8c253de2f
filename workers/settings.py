"""From the portal's settings to the engine's typed configuration."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from portal.config.env import RecognitionOptions
from recognition.config import EngineConfig

__all__ = ["engine_config"]


def engine_config() -> EngineConfig:
    options: RecognitionOptions = settings.RECOGNITION
    return EngineConfig(
        device=options.device,
        detector=options.detector,
        threads=options.threads,
        cache_dir=Path(settings.DATA_DIR) / "models",
    )
