"""``networks``: what can be trained, with sizes, and how long a picture takes on this machine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from recognition.cli._arguments import at_least
from recognition.cli._command import Command
from recognition.cli._output import print_json, print_table
from recognition.networks import NETWORKS, network_spec

__all__ = ["COMMAND"]

_DESCRIPTION = """\
The embedding networks that can be built and trained, each to its published design.

  python -m recognition networks
  python -m recognition networks --time --threads 1 mobilefacenet nn4-small2

Parameters and multiply-adds are of the published input and embedding; multiply-adds are those of
convolutions and linear layers for one picture. --time builds each network with random weights and
takes the median forward of one picture, in torch and float32 on the processor. An installed model
is faster in service, where OpenVINO runs it: `models test ID`.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every network")
    parser.add_argument("--embedding-size", type=at_least(1), help="default: the published one")
    parser.add_argument("--time", action="store_true", help="time a forward of one picture")
    parser.add_argument("--runs", type=at_least(1), default=5, help="default %(default)s")
    parser.add_argument("--threads", type=at_least(1), help="of torch; default: its own choice")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    specs = [network_spec(name) for name in options.names or NETWORKS]
    rows = [spec.size for spec in specs]
    if options.time or options.embedding_size is not None:
        from recognition.networks.measure import measure_network  # imports torch

        rows = [
            measure_network(
                spec.name,
                embedding_size=options.embedding_size,
                runs=options.runs if options.time else 0,
                threads=options.threads,
            )
            for spec in specs
        ]
    if options.json:
        print_json({row.name: {**asdict(row), "source": NETWORKS[row.name].source} for row in rows})
        return 0
    header = ["network", "input px", "embedding", "parameters", "multiply-adds"]
    print_table(
        [*header, "ms/picture"] if options.time else header,
        [
            [
                row.name,
                str(row.input_px),
                str(row.embedding_size),
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
                *([] if row.forward_ms is None else [f"{row.forward_ms:.1f}"]),
            ]
            for row in rows
        ],
    )
    return 0


COMMAND = Command(
    "networks",
    "list the networks that can be trained, with their sizes and times",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
