"""``classify``: train a classifier on a folder of people, and name pictures with it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from recognition.classification import (
    ClassifierKind,
    FaceClassifier,
    NamingScores,
    Prediction,
    classify,
    load_classifier,
    save_classifier,
    score_names,
    split_by_class,
    train_classifier,
)
from recognition.classification.model import DEFAULT_MIN_PROBABILITY
from recognition.cli._arguments import add_rejection_arguments, at_least
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import (
    find_pictures,
    pictures_with_faces,
    read_people,
    report_problems,
)
from recognition.cli._names import prediction_cells, print_scores
from recognition.cli._output import print_json, print_table
from recognition.cli._writing import writing
from recognition.errors import RecognitionError

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Train a classifier on PEOPLE/<name>/<photo>, or name the main face of pictures with one.

  python -m recognition classify train people/ staff.safetensors
  python -m recognition classify predict staff.safetensors door/*.jpg

Both actions explain themselves: classify train --help. For photos of groups use `predict`. People
come and go: `identify` needs no training and is what the product uses.
"""
_TRAIN = """\
Learn to tell the people in PEOPLE apart and write FILE (safetensors; no pickle, nothing in it is
ever run).

  python -m recognition classify train people/ staff.safetensors
  python -m recognition classify train lfw/ lfw.safetensors --split --kind knn

svm: a linear support vector machine with calibrated probabilities; two photos a person at least.
knn: the share of the nearest photos, 5 unless somebody has fewer.

--split trains on a part and tests with the rest, as FaceNet's classifier does: of everybody with
--min-images-per-class photos, --train-images-per-class train. Everybody else is a stranger to the
classifier, so the figures say how many strangers got a name. A face is unknown where it is
improbable, or where it is unlike every photo of the most probable person: --min-cosine, by default
such that 1 stranger in 100 passes.
FILE holds templates of people: guard it like their photos. Exit code 1: photos were left out.
"""
_PREDICT = f"""\
Name the main face (large and central) of each picture.

  python -m recognition classify predict staff.safetensors door/*.jpg
  python -m recognition classify predict lfw.safetensors lfw/ --truth

probability: of the person named or nearest, all people together making 1. cosine: to the nearest
of their photos. unknown: below --min-probability ({DEFAULT_MIN_PROBABILITY} by default; it falls
with the number of people), or below the cosine that the file demands.
--truth takes the pictures' folders for the names and prints how many are right; somebody the
classifier never saw is a stranger. Exit code 1: a picture could not be used.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    train = actions.add_parser(
        "train",
        help="learn people from a folder",
        description=_TRAIN,
        formatter_class=RawDescriptionHelpFormatter,
    )
    train.set_defaults(action=_train)
    add_engine_arguments(train)
    train.add_argument("people", type=Path, metavar="PEOPLE")
    train.add_argument("file", type=Path, metavar="FILE")
    train.add_argument("--kind", choices=get_args(ClassifierKind), default="svm")
    train.add_argument("--neighbours", type=at_least(1), default=5, help="for knn")
    train.add_argument("--split", action="store_true", help="train on a part, test with the rest")
    train.add_argument("--min-images-per-class", type=at_least(2), default=20)
    train.add_argument("--train-images-per-class", type=at_least(1), default=10)
    train.add_argument("--seed", type=at_least(0), default=666)
    add_rejection_arguments(train)
    predict = actions.add_parser(
        "predict",
        help="name the main face of pictures",
        description=_PREDICT,
        formatter_class=RawDescriptionHelpFormatter,
    )
    predict.set_defaults(action=_predict)
    add_engine_arguments(predict)
    predict.add_argument("file", type=Path, metavar="FILE")
    predict.add_argument("inputs", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    predict.add_argument("--truth", action="store_true", help="score against the folders' names")
    add_rejection_arguments(predict)
    for action in (train, predict):
        action.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    code: int = options.action(options)
    return code


def _train(options: Namespace) -> int:
    with writing(options.file):  # now, not after an hour of embedding
        options.file.parent.stat()
    engine = open_engine(options)
    people = read_people(engine, options.people)
    rows: Sequence[int] = range(len(people.names))
    held_back: tuple[int, ...] = ()
    try:
        if options.split:
            split = split_by_class(
                people.names,
                min_images=options.min_images_per_class,
                train_images=options.train_images_per_class,
                seed=options.seed,
            )
            rows, held_back = split.train, split.test + split.left_out
        classifier = train_classifier(
            people.vectors[list(rows)],
            names=[people.names[row] for row in rows],
            space=engine.space,
            mean=engine.site_mean(people.vectors[list(rows)]),
            kind=options.kind,
            neighbours=options.neighbours,
            min_cosine=options.min_cosine,
            seed=options.seed,
        )
    except ValueError as error:
        raise RecognitionError(str(error), code="input.unsuitable") from error
    with writing(options.file):
        save_classifier(classifier, options.file)
    scores = None
    if options.split:
        predictions = classify(
            classifier,
            people.vectors[list(held_back)],
            space=engine.space,
            min_probability=options.min_probability,
        )
        truth = [people.names[row] for row in held_back]
        scores = _scores(truth, predictions, classifier)
    if options.json:
        print_json(
            {
                "file": str(options.file),
                "kind": classifier.kind,
                "people": len(classifier.class_names),
                "photos": len(rows),
                "min_cosine": classifier.min_cosine,
                "space": engine.space.id,
                "scores": asdict(scores) if scores else None,
                "problems": {str(path): message for path, message in people.problems.items()},
            }
        )
        return 1 if people.problems else 0
    print(
        f"{options.file}: {classifier.kind} of {len(classifier.class_names):,} people from "
        f"{len(rows):,} photos; a face is unknown below a cosine of {classifier.min_cosine:.4f}."
    )
    if scores:
        print_scores(scores)
    return report_problems(people.problems)


def _predict(options: Namespace) -> int:
    files = find_pictures(options.inputs)
    engine = open_engine(options)
    classifier = load_classifier(options.file, space=engine.space)
    named: dict[Path, Prediction] = {}
    problems: dict[Path, str] = {}
    for path, analysis in pictures_with_faces(engine, files, problems=problems):
        (named[path],) = classify(
            classifier,
            analysis.faces[0].embedding[None],
            space=engine.space,
            min_probability=options.min_probability,
            min_cosine=options.min_cosine,
        )
    scores = None
    if options.truth:
        truth = [path.parent.name.replace("_", " ") for path in named]
        scores = _scores(truth, list(named.values()), classifier)
    if options.json:
        print_json(
            {
                "pictures": [{"file": str(path), **asdict(p)} for path, p in named.items()],
                "scores": asdict(scores) if scores else None,
                "problems": {str(path): message for path, message in problems.items()},
            }
        )
        return 1 if problems else 0
    print_table(
        ("", "picture", "name", "probability", "cosine", "because"),
        [
            (str(number), str(path), *prediction_cells(prediction))
            for number, (path, prediction) in enumerate(named.items())
        ],
    )
    if scores:
        print_scores(scores)
    return report_problems(problems)


def _scores(
    truth: Sequence[str], predictions: Sequence[Prediction], classifier: FaceClassifier
) -> NamingScores:
    return score_names(
        truth,
        best=[prediction.best for prediction in predictions],
        named=[prediction.name for prediction in predictions],
        known=classifier.class_names,
    )


COMMAND = Command(
    "classify",
    "train a classifier (SVM, k-NN) on people, and name pictures with it",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
