"""Finding faces: detectors behind one Protocol, built by name, loaded only when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recognition.config import DetectorName
from recognition.contracts import Detector
from recognition.detection.mtcnn_options import WINDOW_PX, MtcnnOptions
from recognition.device import DeviceChoice

if TYPE_CHECKING:
    from recognition.detection.second_look import LandmarkRefiner
    from recognition.runtime.base import Network

__all__ = ["build_detector", "build_refiner"]


def build_detector(
    name: DetectorName,
    *,
    choice: DeviceChoice,
    threshold: float,
    min_face_px: int,
    enlarges: bool = True,
    threads: int = 0,
    cache_dir: Path | None = None,
    mtcnn_weights: Path | None = None,
) -> Detector:
    """Load a detector with its verified weights onto the chosen device.

    ``min_face_px`` is the smallest face to look for; MTCNN has 12 and Haar 32 as its own least,
    YuNet finds what it can see, and sees more where it ``enlarges`` pictures. ``mtcnn_weights`` is an owner's file of
    ``mtcnn_weights.save_mtcnn_weights`` in place of the published weights.

    Raises ``WeightsError`` for wrong or missing files and ``ValueError`` for an unknown name.
    """
    if name == "yunet":
        return _yunet(
            choice, threshold=threshold, enlarges=enlarges, threads=threads, cache_dir=cache_dir
        )
    if name == "mtcnn":
        # the last network's score is the one that a detection carries
        options = MtcnnOptions(
            min_face_px=max(min_face_px, WINDOW_PX), thresholds=(0.6, 0.7, threshold)
        )
        return _mtcnn(choice, options=options, threads=threads, weights_file=mtcnn_weights)
    if name == "haar":
        from recognition.detection.haar import MIN_FACE_PX, HaarDetector

        return HaarDetector(threshold=threshold, min_face_px=max(min_face_px, MIN_FACE_PX))
    if name == "pre-cropped":
        from recognition.detection.whole import WholePictureDetector

        return WholePictureDetector()
    raise ValueError(f"no detector is called {name!r}; there are: haar, mtcnn, pre-cropped, yunet")


def build_refiner(
    choice: DeviceChoice, *, threads: int = 0, cache_dir: Path | None = None
) -> LandmarkRefiner:
    """What looks at every face again, whoever found it: a YuNet that sees large faces only.

    Raises ``WeightsError`` for wrong or missing files.
    """
    from recognition.detection.second_look import OUTPUTS, LandmarkRefiner

    network = _yunet_network(choice, threads=threads, cache_dir=cache_dir, outputs=OUTPUTS)
    return LandmarkRefiner(network)


def _yunet(
    choice: DeviceChoice,
    *,
    threshold: float,
    enlarges: bool,
    threads: int,
    cache_dir: Path | None,
) -> Detector:
    from recognition.detection.yunet import YunetDetector

    network = _yunet_network(choice, threads=threads, cache_dir=cache_dir)
    if enlarges:
        return YunetDetector(network, threshold=threshold)
    return YunetDetector(network, threshold=threshold, enlarge=1.0)


def _yunet_network(
    choice: DeviceChoice, *, threads: int, cache_dir: Path | None, outputs: tuple[str, ...] = ()
) -> Network:
    from recognition.runtime import NetworkSpec, float_graph, open_network

    # BGR, measured: 70 faces of group photos score 0.03 higher that way than in RGB, 88 of
    # LFW 0.07 higher, and RGB loses 8 of the 158 at the threshold of 0.7.
    spec = NetworkSpec(
        float_graph("yunet-2023mar", cache_dir=cache_dir), channel_order="bgr", outputs=outputs
    )
    return open_network(spec, choice, threads=threads, cache_dir=cache_dir)


def _mtcnn(
    choice: DeviceChoice, *, options: MtcnnOptions, threads: int, weights_file: Path | None
) -> Detector:
    from recognition.detection.mtcnn import MtcnnDetector
    from recognition.detection.mtcnn_weights import load_mtcnn_weights, read_mtcnn_weights
    from recognition.weights import verified_path

    weights = (
        read_mtcnn_weights(weights_file)
        if weights_file
        else load_mtcnn_weights(
            *(verified_path(f"mtcnn-{part}") for part in ("pnet", "rnet", "onet"))
        )
    )
    return MtcnnDetector(
        weights, options=options, device=choice.device, runtime=choice.runtime, threads=threads
    )
