"""A gallery with errors in it, as no enrolment would let them through.

``python -m tests.e2e.seeding FOLDER``: each subfolder is a person, its pictures are enrolled as
they are, whomever they show. For the data directory that the environment names.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import asdict
from pathlib import Path

import django

django.setup()

from portal.core.context import SYSTEM, acting_as  # noqa: E402 - models need Django to be set up
from portal.core.vault import vault  # noqa: E402
from portal.engines.services import register_space  # noqa: E402
from portal.people.services import (  # noqa: E402
    NewFace,
    PersonDetails,
    add_face,
    create_person,
    person_key,
    record_consent,
)
from recognition.contracts import ImageAnalysis  # noqa: E402
from recognition.images import encode_jpeg  # noqa: E402
from recognition.pipeline import load_engine  # noqa: E402
from workers.settings import engine_config  # noqa: E402

__all__ = ["seed"]


def seed(folder: Path) -> None:
    engine = load_engine(engine_config())
    space = register_space(engine.space)
    for one in sorted(path for path in folder.iterdir() if path.is_dir()):
        person = create_person(
            PersonDetails(name=one.name.replace("_", " "), department="Research")
        )
        record_consent(person)
        key = person_key(person)
        for path in sorted(one.iterdir()):
            data = path.read_bytes()
            (outcome,) = engine.analyse([data])
            assert isinstance(outcome, ImageAnalysis), outcome
            face = outcome.faces[0]
            add_face(
                person,
                NewFace(
                    vector=face.embedding,
                    space=space,
                    portrait_key=vault().put("portraits", encode_jpeg(face.portrait), data_key=key),
                    aligned_key=vault().put(
                        "aligned", encode_jpeg(face.aligned, quality=95), data_key=key
                    ),
                    source="folder",
                    photo_sha256=hashlib.sha256(data).hexdigest(),
                    file_name=path.name,
                    quality=asdict(face.quality),
                ),
            )


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed(Path(sys.argv[1]))
