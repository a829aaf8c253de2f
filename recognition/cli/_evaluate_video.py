"""``evaluate video``: clips against clips, the mean over all pairs of their frames."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._evaluate_report import Answer, print_answer
from recognition.cli._evaluate_vectors import (
    VectorSource,
    add_output_arguments,
    add_picture_arguments,
    recipe_of,
)
from recognition.cli._evaluate_verification import (
    ScoredPairs,
    draw,
    verification_figures,
)
from recognition.evaluation.report import Measure, percent
from recognition.evaluation.verification import accuracy_by_folds
from recognition.evaluation.video import MAX_FRAMES, clip_similarity

__all__ = ["VIDEO"]

_DESCRIPTION = """\
Compare clips as FaceNet did on YouTube Faces: the mean cosine over all pairs of their frames, the
first 100 of each that show a face.

  python -m recognition evaluate video --clips frames --pairs splits.txt

Clips are folders of frames, <person>/<clip>/<frame>.jpg. The pairs are lines
fold,first clip,second clip,1 or 0 (YouTube Faces' splits.txt); without them every clip meets every
other. The accuracy chooses its threshold on the other folds; with one fold only, on the pairs
themselves, which flatters it. The other figures are explained by `evaluate lfw --help`.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--clips", type=Path, required=True, metavar="DIR", help="<person>/<clip>/<frame>"
    )
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="default: every two clips")
    parser.add_argument(
        "--frames", type=at_least(1), default=MAX_FRAMES, help="of each clip (default 100)"
    )
    add_picture_arguments(parser)
    group = parser.add_argument_group("protocol")
    group.add_argument("--flip", choices=("sum", "none"), default="none", help="default none")
    group.add_argument(
        "--fmr", type=share, nargs="+", default=[1e-2, 1e-3], help="default 0.01 0.001"
    )
    add_output_arguments(parser)


def _run(options: Namespace) -> int:
    from recognition.datasets.video import all_clip_pairs, list_clips, read_clip_pairs

    clips = list_clips(options.clips)
    pairs, skipped = (
        (all_clip_pairs(list(clips.values())), 0)
        if options.pairs is None
        else read_clip_pairs(options.pairs, clips=clips)
    )
    used = {name: clips[name] for pair in pairs for name in (pair.first, pair.second)}
    files = {
        path.relative_to(options.clips).as_posix(): path
        for clip in used.values()
        for path in clip.frames
    }
    source = VectorSource(options)
    recipe = recipe_of(options, flip=options.flip)
    embedded = source.as_compared(source.of_files(files, recipe=recipe))
    ends = np.cumsum([len(clip.frames) for clip in used.values()]).tolist()
    vectors = {}
    for name, end in zip(used, ends, strict=True):
        rows = np.arange(end - len(used[name].frames), end)
        vectors[name] = embedded.vectors[rows[embedded.is_found[rows]]]
    empty = {name for name, own in vectors.items() if not len(own)}
    if options.failed == "skip":
        pairs = tuple(pair for pair in pairs if not {pair.first, pair.second} & empty)
    scored = ScoredPairs(
        np.array(
            [
                clip_similarity(vectors[p.first], vectors[p.second], max_frames=options.frames)
                for p in pairs
            ]
        ),
        np.array([pair.is_same for pair in pairs], np.bool_),
        np.array([pair.fold for pair in pairs], np.int64),
        [clips[pair.first].person for pair in pairs],
        [clips[pair.second].person for pair in pairs],
    )
    draws = draw(scored, options)
    figures = verification_figures(
        scored, options=options, rates=options.fmr, draws=draws, name="video"
    )
    judged = accuracy_by_folds(scored.scores, is_genuine=scored.is_genuine, fold=scored.fold)
    accuracy = Measure(
        "accuracy", judged.accuracy,
        None if draws is None else draws.share_interval(judged.is_right), len(pairs),
        f"± {percent(judged.accuracy_std)} over {len(judged.accuracies)} folds"
        if len(judged.accuracies) > 1 else "threshold chosen on these very pairs",
    )  # fmt: skip
    what = "count as matching nobody" if options.failed == "reject" else "are left out"
    answer = Answer(
        "video",
        [accuracy, *figures.rows],
        [
            f"Frames without a face are left out of their clip; clips without any {what}.",
            f"The {options.choose} face of each frame counts. Mirror image: {options.flip}.",
        ],
        {
            "clips": len(used),
            "frames": len(files),
            "frames without a vector": len(embedded.problems),
            "clips without a vector": len(empty),
            "genuine pairs": int(scored.is_genuine.sum()),
            "impostor pairs": int((~scored.is_genuine).sum()),
            "pairs skipped for a missing clip": skipped,
        },
        source.description(),
        embedded.problems,
        {"scores": scored.scores, **figures.details},
        figures.plots,
    )
    return print_answer(answer, options)


VIDEO = Command(
    "video", "clips as folders of frames: mean over all pairs of frames", _DESCRIPTION,
    _add_arguments, _run,
)  # fmt: skip
