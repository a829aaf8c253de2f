"""The options of every command that loads the engine, and the engine that they ask for.

Public surface: ``add_engine_arguments``, ``engine_config``, ``open_engine``.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from recognition.config import DetectorName, Device, EngineConfig, Precision

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = ["add_engine_arguments", "engine_config", "open_engine"]


def add_engine_arguments(parser: ArgumentParser) -> None:
    """Add ``--device``, ``--precision``, ``--detector``, ``--model`` and their like."""
    defaults = EngineConfig()
    group = parser.add_argument_group("engine")
    group.add_argument("--device", choices=get_args(Device), default=defaults.device)
    group.add_argument("--precision", choices=get_args(Precision), default=defaults.precision)
    group.add_argument("--detector", choices=get_args(DetectorName), default=defaults.detector)
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
