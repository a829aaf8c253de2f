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
from recognition.datasets.filtering import Filtered, distances_to_centre, filter_pictures
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
from recognition.datasets.shard_writing import PackReport, pack_folder, unpack_shards
from recognition.datasets.shards import DamagedRecord, ShardSource, check_shards, open_shards
from recognition.datasets.splits import Parts, split_folder, split_rows, write_part
from recognition.datasets.video import Clip, ClipPair, all_clip_pairs, list_clips, read_clip_pairs

__all__ = [
    "ClassFolder",
    "Clip",
    "ClipPair",
    "DamagedRecord",
    "DatasetRejected",
    "Filtered",
    "LocatedPairs",
    "OpenSet",
    "OpenSetEntry",
    "PackReport",
    "Pair",
    "PairList",
    "PairsCheck",
    "Parts",
    "ShardSource",
    "VerificationSet",
    "all_clip_pairs",
    "check_pairs",
    "check_shards",
    "distances_to_centre",
    "filter_pictures",
    "find_lfw_picture",
    "generate_pairs",
    "list_classes",
    "list_clips",
    "list_pictures",
    "locate_pairs",
    "numbered_pictures",
    "open_shards",
    "pack_folder",
    "read_clip_pairs",
    "read_groups",
    "read_leave_out",
    "read_open_set",
    "read_pairs",
    "read_pickled_bin",
    "read_verification_set",
    "split_folder",
    "split_rows",
    "unpack_shards",
    "write_pairs",
    "write_part",
    "write_verification_set",
]
