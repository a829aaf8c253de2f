"""The engine on the command line: ``self-test``, ``analyse FILE...`` and ``models``.

Exit code 0 means all is well, 1 that something is wrong and was named. Public surface: ``main``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recognition.config import EngineConfig
from recognition.contracts import Face, ImageAnalysis
from recognition.errors import ImageRejected, RecognitionError, WeightsError
from recognition.weights import manifest, verified_path

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the process's exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "models":
            return _models(as_json=options.json)
        config = EngineConfig(
            device=options.device,
            precision=options.precision,
            detector=options.detector,
            threads=options.threads,
            cache_dir=options.cache_dir,
        )
        if options.command == "analyse":
            return _analyse(config, options.files)
        return _self_test(config, as_json=options.json)
    except RecognitionError as error:
        if getattr(options, "json", False):
            print(json.dumps({"ok": False, "code": error.code, "message": error.message}))
        else:
            print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    engine = argparse.ArgumentParser(add_help=False)
    engine.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    engine.add_argument("--precision", choices=["auto", "f32", "bf16", "f16"], default="auto")
    engine.add_argument("--detector", choices=["yunet", "mtcnn"], default="yunet")
    engine.add_argument("--threads", type=int, default=0, help="0 leaves it to the runtime")
    engine.add_argument("--cache-dir", type=Path, help="folder for derived weight files")

    parser = argparse.ArgumentParser(prog="python -m recognition", description="Gatehouse's engine")
    commands = parser.add_subparsers(dest="command", required=True)
    self_test = commands.add_parser(
        "self-test", parents=[engine], help="prove that the engine answers as it should"
    )
    self_test.add_argument("--json", action="store_true", help="one JSON object")
    analyse = commands.add_parser(
        "analyse", parents=[engine], help="find faces: one JSON line a picture"
    )
    analyse.add_argument("files", nargs="+", type=Path, metavar="FILE")
    models = commands.add_parser("models", help="list the weight files and verify each")
    models.add_argument("--json", action="store_true", help="one JSON object")
    return parser


def _self_test(config: EngineConfig, *, as_json: bool) -> int:
    from recognition.pipeline import load_engine

    engine = load_engine(config)
    report = engine.self_test()
    if as_json:
        print(json.dumps({**asdict(report), "engine": asdict(engine.info)}))
    else:
        info = engine.info
        for check in report.checks:
            print(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}")
        print(
            f"{'The engine is ready' if report.ok else 'The engine must not be used'}: "
            f"{info.runtime} on {info.device} ({info.device_name}), {info.precision}, detector "
            f"{info.detector}, embedding space {info.space_id}."
        )
    return 0 if report.ok else 1


def _analyse(config: EngineConfig, files: Sequence[Path]) -> int:
    from recognition.pipeline import load_engine

    engine = load_engine(config)
    exit_code = 0
    for start in range(0, len(files), config.batch_size):
        part = files[start : start + config.batch_size]
        contents = [_read(path) for path in part]
        answers = iter(engine.analyse([c for c in contents if isinstance(c, bytes)]))
        for path, content in zip(part, contents, strict=True):
            answer = next(answers) if isinstance(content, bytes) else content
            if isinstance(answer, RecognitionError):
                exit_code = 1
            print(json.dumps({"file": str(path), **_answer_fields(answer)}))
    return exit_code


def _read(path: Path) -> bytes | ImageRejected:
    try:
        return path.read_bytes()
    except OSError as error:
        return ImageRejected(f"{path} cannot be read: {error.strerror}.", code="image.unreadable")


def _answer_fields(answer: ImageAnalysis | RecognitionError) -> dict[str, Any]:
    if isinstance(answer, RecognitionError):
        return {"error": answer.code, "message": answer.message}
    return {
        "width_px": answer.width_px,
        "height_px": answer.height_px,
        "faces": [_face_fields(face) for face in answer.faces],
        "timings": asdict(answer.timings),
    }


def _face_fields(face: Face) -> dict[str, Any]:
    return {
        "box": asdict(face.detection.box),
        "score": face.detection.score,
        "landmarks": face.detection.landmarks.tolist(),
        "quality": asdict(face.quality),
        "embedding": face.embedding.tolist(),
    }


def _models(*, as_json: bool) -> int:
    rows = []
    for item in manifest().values():
        problem = None
        try:
            verified_path(item.id)
        except WeightsError as error:
            problem = error.message
        rows.append({**asdict(item), "ok": problem is None, "problem": problem})
    if as_json:
        print(json.dumps({"models": rows}))
    else:
        for row in rows:
            print(
                f"{'ok  ' if row['ok'] else 'FAIL'} {row['id']:14} {row['licence']:11} "
                f"sha256 {row['sha256']}  {row['origin']}"
            )
            if row["problem"]:
                print(f"     {row['problem']}")
    return 0 if all(row["ok"] for row in rows) else 1
