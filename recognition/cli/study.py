"""``study``: the papers' studies on your own data, as tables and plots."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from recognition.cli._command import Command

__all__ = ["COMMAND"]

_DESCRIPTION = """\
What costs recognition how much: the studies of the FaceNet paper, on pictures of your own.

  python -m recognition study quality lfw/images studies/quality --people 500
  python -m recognition study embedding-size studies/sizes --data faces
  python -m recognition study quality --help

Each writes study.json, table.csv and a plot into its folder, and goes on where it was when it is
started again with the same options. What is trained is judged on people who were held out.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    from recognition.cli._study_made import MADE
    from recognition.cli._study_quality import QUALITY
    from recognition.cli._study_training import ARCHITECTURE, DATA_SIZE, EMBEDDING_SIZE

    studies = parser.add_subparsers(metavar="STUDY", required=True)
    for study in (QUALITY, EMBEDDING_SIZE, DATA_SIZE, ARCHITECTURE, MADE):
        own = studies.add_parser(
            study.name,
            help=study.summary,
            description=study.description,
            formatter_class=RawDescriptionHelpFormatter,
        )
        study.add_arguments(own)
        own.set_defaults(study=study)


def _run(options: Namespace) -> int:
    study: Command = options.study
    return study.run(options)


COMMAND = Command(
    "study",
    "what costs how much: quality, embedding-size, data-size, architecture",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
