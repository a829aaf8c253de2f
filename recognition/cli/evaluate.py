"""``evaluate``: how well the engine recognises, by the protocols that others publish figures for."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

from recognition.cli._command import Command

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Measure the engine, as it is configured, on labelled pictures of your own or of a published set.

  python -m recognition evaluate lfw --images lfw/images --pairs lfw/pairs.txt
  python -m recognition evaluate openset --manifest lfw/openset_1.json
  python -m recognition evaluate lfw --help

Every figure is printed with the number of comparisons behind it, a 95 % interval, and a remark
where there are too few of them. --json gives all of it and the curves, --plots DIR draws them.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    from recognition.cli._evaluate_detection import DETECTION
    from recognition.cli._evaluate_groups import GROUPS
    from recognition.cli._evaluate_invariance import INVARIANCE
    from recognition.cli._evaluate_lfw import BIN, LFW
    from recognition.cli._evaluate_openset import OPENSET
    from recognition.cli._evaluate_video import VIDEO

    protocols = parser.add_subparsers(metavar="PROTOCOL", required=True)
    for protocol in (LFW, OPENSET, BIN, VIDEO, GROUPS, INVARIANCE, DETECTION):
        own = protocols.add_parser(
            protocol.name,
            help=protocol.summary,
            description=protocol.description,
            formatter_class=RawDescriptionHelpFormatter,
        )
        protocol.add_arguments(own)
        own.set_defaults(protocol=protocol)


def _run(options: Namespace) -> int:
    protocol: Command = options.protocol
    return protocol.run(options)


COMMAND = Command(
    "evaluate",
    "measure accuracy: lfw, openset, bin, video, groups, invariance, detection",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
