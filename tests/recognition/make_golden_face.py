"""Draws the self-test's golden face and stores what the engine says of it in f32.

Run by hand when the detector or the embedding space changes on purpose:
python -m tests.recognition.make_golden_face. The box and the landmarks that the face is cut by
are kept as they are stored: owners' models were measured on these crops.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from recognition.alignment import align_faces
from recognition.config import EngineConfig
from recognition.pipeline import load_engine
from tests.faces import render_face

ASSETS = Path(__file__).parents[2] / "recognition" / "assets"
SIZE_PX = 160
# One of the distinct people: both detectors place it alike (2.6 px), and exchanging red and blue
# moves its vector clearly (0.08).
IDENTITY = 30


def main() -> None:
    picture = render_face(
        IDENTITY, size_px=(SIZE_PX, SIZE_PX), face_fraction=0.7, noise=0.0, seed=1
    )
    cv2.imwrite(str(ASSETS / "golden_face.png"), np.ascontiguousarray(picture[..., ::-1]))
    config = EngineConfig(device="cpu", precision="f32", flip_fusion=True)
    engine = load_engine(config)
    (analysis,) = engine.analyse_pictures([picture])
    (face,) = analysis.faces
    detected = face.detection.landmarks.astype(np.float64).round(3).tolist()
    stored = json.loads((ASSETS / "golden_face.json").read_text("utf-8"))
    aligned = align_faces(picture, [np.array(stored["landmarks"])])
    plain_engine = load_engine(replace(config, flip_fusion=False))
    plain, swapped = (
        plain_engine.embed(np.ascontiguousarray(crop))[0] for crop in (aligned, aligned[..., ::-1])
    )
    record = {
        "made": f"tests/recognition/make_golden_face.py: drawn identity {IDENTITY}, "
        f"{SIZE_PX}x{SIZE_PX} px, a likeness of nobody. Box and landmarks, by yunet-2023mar when "
        "it was drawn, are kept for ever: vectors of models are stored for the face cut by them. "
        'What the detector finds now is under "detected". Vectors by sface-2021dec from the face '
        "aligned by the landmarks, OpenVINO on a processor, f32.",
        "space_id": engine.space.id,
        "box": stored["box"],
        "landmarks": stored["landmarks"],
        "detected": detected,
        "swap_distance": round(1.0 - float(plain @ swapped), 4),
        "vector_plain": plain.astype(np.float64).round(7).tolist(),
        "vector_flip": engine.embed(aligned)[0].astype(np.float64).round(7).tolist(),
    }
    (ASSETS / "golden_face.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
