"""The options of every command that loads the engine, and the engine that they ask for.

Public surface: ``add_engine_arguments``, ``engine_config``, ``open_engine``, ``open_detector``.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from recognition.config import DetectorName, Device, EngineConfig, Precision

if TYPE_CHECKING:
    from recognition.contracts import Detector
    from recognition.pipeline import Engine

__all__ = ["add_engine_arguments", "engine_config", "open_detector", "open_engine"]


def add_engine_arguments(parser: ArgumentParser) -> None:
    """Add ``--device``, ``--precision``, ``--detector``, ``--model`` and their like."""
    defaults = EngineConfig()
    group = parser.add_argument_group("engine")
    group.add_argument("--device", choices=get_args(Device), default=defaults.device)
    group.add_argument("--precision", choices=get_args(Precision), default=defaults.precision)
    group.add_argument(
        "--detector",
        choices=get_args(DetectorName),
        default=defaults.detector,
        help="pre-cropped: every picture is one crop already, of a face or of anything else",
    )
    group.add_argument(
        "--model", default=defaults.model, help="id of the embedding model, see `models list`"
    )
    group.add_argument("--models-dir", type=Path, help="folder of models that you added")
    group.add_argument("--threads", type=int, default=0, help="0 leaves it to the runtime")
    group.add_argument("--cache-dir", type=Path, help="folder for derived weight files")


def engine_config(options: Namespace) -> EngineConfig:
    """The configuration that these options describe."""
    return EngineConfig(
        device=options.device,
        precision=options.precision,
        detector=options.detector,
        model=options.model,
        models_dir=options.models_dir,
        threads=options.threads,
        cache_dir=options.cache_dir,
    )


def open_engine(options: Namespace) -> Engine:
    """Load the engine that these options describe; raises what ``load_engine`` raises."""
    from recognition.pipeline import load_engine

    return load_engine(engine_config(options))


def open_detector(config: EngineConfig) -> Detector:
    """The engine's detector alone, as ``load_engine`` builds it, for work that embeds nothing."""
    from recognition.detection import build_detector
    from recognition.device import choose_device
    from recognition.weights import cache_folder

    return build_detector(
        config.detector,
        choice=choose_device(config.device, config.precision),
        threshold=config.detection_threshold,
        min_face_px=config.min_face_px,
        threads=config.threads,
        cache_dir=cache_folder(config.cache_dir),
    )
