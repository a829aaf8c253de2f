"""``manage.py recognise FILE…``: one JSON line per face, against the enrolled people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.core.commands import acting_as_command
from portal.people.selectors import PersonName, names_of
from recognition.contracts import Decision, Face, ImageAnalysis
from recognition.decision import decide
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost

BATCH = 16


class Command(BaseCommand):
    help = (
        "Recognise photos and print one JSON line per face. Nothing is stored. A file that is no "
        "acceptable picture gets a line with “error”, and the exit status is 1 at the end."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as_command("recognise"):
            try:
                host = EngineHost.build(owner="recognise")
            except RecognitionError as error:
                raise CommandError(error.message) from error
            host.gallery.refresh()
            files: list[Path] = options["files"]
            refused = sum(
                self._recognise(host, files[start : start + BATCH])
                for start in range(0, len(files), BATCH)
            )
        if refused:
            raise CommandError(f"{refused} of {len(files)} files could not be read as pictures.")

    def _recognise(self, host: EngineHost, files: list[Path]) -> int:
        readable, refused = [], 0
        for path in files:
            try:
                readable.append((path, path.read_bytes()))
            except OSError as failure:
                refused += 1
                self._error(path, "file.unreadable", str(failure))
        for (path, _), outcome in zip(
            readable, host.engine.analyse([data for _, data in readable]), strict=True
        ):
            if isinstance(outcome, RecognitionError):
                refused += 1
                self._error(path, outcome.code, outcome.message)
            else:
                self._faces(host, path, outcome)
        return refused

    def _faces(self, host: EngineHost, path: Path, analysis: ImageAnalysis) -> None:
        policy = host.policy()
        found = host.gallery.nearest([face.embedding for face in analysis.faces])
        for position, (face, candidates) in enumerate(zip(analysis.faces, found, strict=True)):
            decision = decide(candidates, quality=face.quality, policy=policy)
            names = names_of(c.person_id for c in decision.candidates)
            self._line(
                {
                    "file": str(path),
                    "face": position,
                    **_face_fields(face),
                    **_decision_fields(decision, names),
                    "embedding_space": host.space.id,
                }
            )

    def _error(self, path: Path, code: str, message: str) -> None:
        self._line({"file": str(path), "error": {"code": code, "message": message}})

    def _line(self, content: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(content, ensure_ascii=False))


def _face_fields(face: Face) -> dict[str, Any]:
    box = face.detection.box
    return {
        "box": [round(v, 1) for v in (box.x, box.y, box.width, box.height)],
        "landmarks": [
            [round(float(x), 1), round(float(y), 1)] for x, y in face.detection.landmarks
        ],
        "quality": round(face.quality.score, 4),
    }


def _decision_fields(decision: Decision, names: dict[str, PersonName]) -> dict[str, Any]:
    def ref(person_id: str | None) -> dict[str, str] | None:
        who = names.get(person_id or "")
        return {"id": who.id, "code": who.code, "name": who.name} if who else None

    return {
        "decision": decision.kind,
        "reason": decision.reason,
        "person": ref(decision.person_id),
        "score": decision.score,
        "margin": decision.margin,
        "threshold": decision.threshold,
        "candidates": [
            {"person": ref(c.person_id), "score": round(c.score, 5)} for c in decision.candidates
        ],
    }
