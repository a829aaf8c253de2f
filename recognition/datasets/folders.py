"""The layout that every set shares: ``root/<class>/<picture>``, classes sorted by name.

Public surface: ``ClassFolder``, ``list_classes``, ``list_pictures``, ``find_lfw_picture``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recognition.datasets.errors import DatasetRejected

__all__ = ["PICTURE_SUFFIXES", "ClassFolder", "find_lfw_picture", "list_classes", "list_pictures"]

PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """One class: a person, an animal, whatever is told apart. ``files`` are sorted by name."""

    name: str
    files: tuple[Path, ...]

    @property
    def display_name(self) -> str:
        """``Abel_Pacheco`` is shown as ``Abel Pacheco``, as FaceNet's scripts do."""
        return self.name.replace("_", " ")


def list_classes(root: Path) -> tuple[ClassFolder, ...]:
    """The folders of ``root`` by name; files beside them and hidden folders are ignored.

    The position in the answer is the class's label. Raises ``DatasetRejected`` where ``root`` is
    no folder or holds no folder.
    """
    if not root.is_dir():
        raise DatasetRejected(f"{root} is no folder; expected one with a folder per person.")
    classes = tuple(
        ClassFolder(folder.name, _pictures(folder))
        for folder in sorted(root.iterdir(), key=lambda path: path.name)
        if folder.is_dir() and not folder.name.startswith(".")
    )
    if not classes:
        raise DatasetRejected(
            f"{root} holds no folders; expected one per person with their pictures in it."
        )
    return classes


def list_pictures(root: Path) -> tuple[Path, ...]:
    """All pictures below ``root``, class by class; raises as ``list_classes`` does."""
    return tuple(path for folder in list_classes(root) for path in folder.files)


def find_lfw_picture(root: Path, *, name: str, number: int) -> Path | None:
    """``root/<name>/<name>_%04d`` with ``.jpg``, else ``.png``; None where neither is there."""
    for suffix in (".jpg", ".png"):
        path = root / name / f"{name}_{number:04d}{suffix}"
        if path.is_file():
            return path
    return None


def _pictures(folder: Path) -> tuple[Path, ...]:
    found = (p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and p.is_file())
    return tuple(sorted(found, key=lambda path: path.name))
