"""``adapt``: a model of your own from a folder per person, or the plain word that none is better."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.adaptation.sample import MIN_PEOPLE, Sample
from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import read_people, report_problems
from recognition.cli._output import print_json, print_table
from recognition.cli._writing import writing
from recognition.errors import RecognitionError
from recognition.whole_files import write_atomically

if TYPE_CHECKING:
    from recognition.adaptation.training import Outcome, Training

__all__ = ["COMMAND"]

_DESCRIPTION = f"""\
Adapt the shipped model to the people in PEOPLE/<name>/<photo>, and add it where it is better.

  python -m recognition adapt people/ --id site-1
  python -m recognition adapt people/ --id site-1 --checkpoint work.json --head head.safetensors

The network stays as it is; one linear step is added behind it. The people are cut into three
parts, each is held out once, and the step is judged on people that it never saw. {MIN_PEOPLE} people with two
photos or more are needed. The model is added only where the 95 % interval of the gain lies above
nought: most sites will read "no gain", and nothing is added then.

The same photos give the same answer. After an interruption the steps in --checkpoint are not done
again. Exit code 1: photos could not be used.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("people", type=Path, metavar="PEOPLE")
    parser.add_argument("--id", required=True, help="the name of the model: a-z 0-9 . _ -")
    parser.add_argument("--seed", type=at_least(0), default=666, help="of the parts (default 666)")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="steps that are done")
    parser.add_argument("--head", type=Path, metavar="FILE", help="write the step alone, too")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_engine_arguments(parser)


def _run(options: Namespace) -> int:
    from recognition.adaptation.training import Training
    from recognition.models.registry import check_id

    check_id(options.id, models_dir=options.models_dir)  # now, not after an hour of embedding
    engine = open_engine(options)
    people = read_people(engine, options.people)
    sample = Sample.of(
        people.vectors,
        # By folder: two folders that read the same as a name are two people.
        owners=[path.parent.name for path in people.files],
        prior_mean=engine.site_mean(),
        base_space=engine.space.id,
    )
    digest = f"{sample.digest}-{options.seed}"
    training = Training(sample, seed=options.seed, known=_known(options.checkpoint, digest=digest))
    outcome = training.run(lambda _: _keep(options.checkpoint, training, digest=digest))
    space_id = None
    if outcome.head is not None:
        from recognition.adaptation.head import save_head
        from recognition.adaptation.pack import add_adapted

        if options.head is not None:
            with writing(options.head):
                save_head(outcome.head, options.head)
        admission = add_adapted(
            outcome.head,
            model_id=options.id,
            base=options.model,
            models_dir=options.models_dir,
            cache_dir=options.cache_dir,
        )
        space_id = admission.item.space.id
    _print(outcome, options, space_id=space_id)
    return report_problems(people.problems)


def _known(path: Path | None, *, digest: str) -> dict[str, float] | None:
    """The steps of the file, where they are of these photos and this seed."""
    if path is None or not path.exists():
        return None
    try:
        stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
        scores = {str(key): float(value) for key, value in stored["scores"].items()}
        is_same = stored["sample"] == digest
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecognitionError(
            f"{path} holds no steps of `adapt`: {error}. Name another file, or delete it.",
            code="adapt.checkpoint",
        ) from error
    return scores if is_same else None


def _keep(path: Path | None, training: Training, *, digest: str) -> None:
    if path is not None:
        content = json.dumps({"sample": digest, "scores": training.scores})
        with writing(path):
            write_atomically(path, content.encode())


def _print(outcome: Outcome, options: Namespace, *, space_id: str | None) -> None:
    if options.json:
        added = options.id if space_id is not None else None
        print_json({**outcome.figures(), "added": added, "space_id": space_id})
        return
    need, judged = outcome.need, outcome.judgement
    if judged is None:
        print(
            f"Too few people: {need.people} have two photos or more, about {need.more_people} more "
            "are needed. Nothing was added."
        )
        return
    rows = (
        (f"accepted at FMR {judged.fmr:g}", judged.tmr),
        (f"first of {judged.gallery}", judged.rank1),
        ("missed at FPIR 0.01", judged.fnir),
    )
    print(f"{judged.people} people, each held out once; drawn {outcome.strengths} to the site")
    print_table(
        ("", options.model, "adapted", "difference", "95 % interval"),
        [
            (
                label,
                f"{figure.base:.2%}",
                f"{figure.adapted:.2%}",
                f"{figure.gain:+.2%}",
                f"{figure.low:+.2%} to {figure.high:+.2%}",
            )
            for label, figure in rows
        ],
    )
    if space_id is None:
        print(f"No gain: {options.model} is as good for these people. Nothing was added.")
    else:
        print(f"Better: {options.id} is added, embedding space {space_id}.")


COMMAND = Command(
    "adapt",
    "adapt the shipped model to your own people, if that makes it better",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
