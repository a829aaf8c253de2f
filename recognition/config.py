"""Typed engine configuration: numbers only, no environment and no files are read here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["DEFAULT_MODEL", "DetectorName", "Device", "EngineConfig", "Precision"]

DEFAULT_MODEL = "sface-2021dec"

Device = Literal["auto", "cpu", "cuda"]
DetectorName = Literal["yunet", "mtcnn", "haar", "pre-cropped"]
Precision = Literal["auto", "f32", "bf16", "f16", "int8"]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How an engine is built.

    ``device="auto"`` takes a GPU when torch sees one, else the CPU; ``"cuda"`` without a GPU is
    an error. ``precision="auto"`` means int8 products where the processor has them and the model's
    ranges were measured, and otherwise bf16 where the processor has it natively, else f32.
    ``threads=0`` leaves the number of CPU threads to the runtime. ``cache_dir`` keeps derived
    weight files (each beside the digest of its source); None means a per-user cache folder.
    ``flip_fusion`` sees every face in the mirror, too. ``second_look`` finds every face's landmarks
    again in a large, levelled crop, without which tilted and small faces are cut askew. ``enlarges``
    lets YuNet see pictures half as large again, for faces from 20 instead of 30 px on, at three
    times the detector's work for a frame of 960 x 540. With ``detector="pre-cropped"`` every picture
    is one crop already and nothing is detected, whatever it shows. ``model`` is the id of an
    embedding model: the shipped one, or one that its owner added to ``models_dir`` (None: a folder
    with the user's data).
    """

    device: Device = "auto"
    precision: Precision = "auto"
    detector: DetectorName = "yunet"
    model: str = DEFAULT_MODEL
    threads: int = 0
    cache_dir: Path | None = None
    models_dir: Path | None = None
    detection_threshold: float = 0.7
    min_face_px: int = 20
    max_faces: int = 64
    flip_fusion: bool = True
    second_look: bool = True
    enlarges: bool = True
    batch_size: int = 16
