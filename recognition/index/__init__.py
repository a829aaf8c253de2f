"""Vector search: exact by default, and what surrounds it. Public surface: see ``__all__``.

``CentredIndex`` is what people are searched in. Under it ``choose_index`` picks one for a number
of people: ``FlatIndex`` is the truth, ``TorchIndex`` the same on a GPU, ``ApproximateIndex`` for millions. Nothing heavy is imported before one is made.
"""

from recognition.index.approximate import ApproximateIndex
from recognition.index.centred import CentredIndex
from recognition.index.choice import EXACT_LIMIT, choose_index
from recognition.index.flat import FlatIndex
from recognition.index.fusion import fuse_templates
from recognition.index.pairs import Pair, all_pairs_above
from recognition.index.people import PersonGallery, TemplateMode
from recognition.index.quantise import dequantise, quantisation_step, quantise
from recognition.index.snapshot import (
    Cipher,
    Snapshot,
    SnapshotRejected,
    load_snapshot,
    save_snapshot,
)
from recognition.index.torch_index import Storage, TorchIndex

__all__ = [
    "EXACT_LIMIT",
    "ApproximateIndex",
    "CentredIndex",
    "Cipher",
    "FlatIndex",
    "Pair",
    "PersonGallery",
    "Snapshot",
    "SnapshotRejected",
    "Storage",
    "TemplateMode",
    "TorchIndex",
    "all_pairs_above",
    "choose_index",
    "dequantise",
    "fuse_templates",
    "load_snapshot",
    "quantisation_step",
    "quantise",
    "save_snapshot",
]
