"""From the portal's settings to the engine's typed configuration.

Public surface: ``engine_config``, ``models_dir``, ``models_here``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from portal.config.env import RecognitionOptions
from portal.engines.selectors import adopted_model
from recognition.config import EngineConfig
from recognition.errors import RecognitionError

__all__ = ["engine_config", "models_dir", "models_here"]

logger = structlog.get_logger(__name__)


def engine_config() -> EngineConfig:
    options: RecognitionOptions = settings.RECOGNITION
    return EngineConfig(
        device=options.device,
        detector=options.detector,
        model=adopted_model(),
        threads=options.threads,
        cache_dir=Path(settings.DATA_DIR) / "models",
        models_dir=models_dir(),
    )


def models_dir() -> Path:
    """Where the models lie that the owner added: with the data, so that every worker finds them."""
    return Path(settings.DATA_DIR) / "packs"


def models_here() -> list[dict[str, Any]]:
    """The models that this machine could load, as ``report_models`` takes them."""
    # Here and not above: the parent of a prefork worker must never load a network's libraries.
    from recognition.models.registry import added_models
    from recognition.weights import manifest

    items = [item for item in manifest().values() if item.embedding is not None]
    shipped = {item.id for item in items}
    try:
        items += added_models(models_dir())
    except RecognitionError as error:
        logger.error("models_unreadable", code=error.code, message=error.message)
    return [
        {
            "id": item.id,
            "licence": item.licence,
            "dimension": item.spec.dimension,
            "space_id": item.space.id,
            "is_shipped": item.id in shipped,
        }
        for item in items
    ]
