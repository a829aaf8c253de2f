"""Sets of labelled pictures on disk, read without decoding a picture: names, pairs, roles, groups.

Nothing here loads a network; ``recognition.evaluation`` measures on what is read here.
"""

from recognition.datasets.bin import (
    VerificationSet,
    read_pickled_bin,
    read_verification_set,
    write_verification_set,
)
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.folders import ClassFolder, find_lfw_picture, list_classes, list_pictures
from recognition.datasets.groups import read_groups
from recognition.datasets.openset import OpenSet, OpenSetEntry, read_leave_out, read_open_set
from recognition.datasets.pair_generation import generate_pairs, numbered_pictures
from recognition.datasets.pairs import (
    LocatedPairs,
    Pair,
    PairList,
    PairsCheck,
    check_pairs,
    locate_pairs,
    read_pairs,
    write_pairs,
)
from recognition.datasets.video import Clip, ClipPair, all_clip_pairs, list_clips, read_clip_pairs

__all__ = [
    "ClassFolder",
    "Clip",
    "ClipPair",
    "DatasetRejected",
    "LocatedPairs",
    "OpenSet",
    "OpenSetEntry",
    "Pair",
    "PairList",
    "PairsCheck",
    "VerificationSet",
    "all_clip_pairs",
    "check_pairs",
    "find_lfw_picture",
    "generate_pairs",
    "list_classes",
    "list_clips",
    "list_pictures",
    "locate_pairs",
    "numbered_pictures",
    "read_clip_pairs",
    "read_groups",
    "read_leave_out",
    "read_open_set",
    "read_pairs",
    "read_pickled_bin",
    "read_verification_set",
    "write_pairs",
    "write_verification_set",
]
