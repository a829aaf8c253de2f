"""Vector search. Public surface: ``FlatIndex``, exact and the default, and ``fuse_templates``."""

from recognition.index.flat import FlatIndex
from recognition.index.fusion import fuse_templates

__all__ = ["FlatIndex", "fuse_templates"]
