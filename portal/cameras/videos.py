"""The folder from which a camera may play a video file: nothing else on the server is read.

Whoever runs Gatehouse puts films into ``<data>/videos``; an administrator chooses one by its name.
Public surface: ``video_names``, ``video_path``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings

from portal.core.errors import DomainError

__all__ = ["video_names", "video_path"]

# What a playlist or a subtitle file names could lie anywhere, so that only films are offered.
_ENDINGS: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})
_MOST = 200


def video_names() -> list[str]:
    """The films that can be chosen, by name."""
    folder = _folder()
    if not folder.is_dir():
        return []
    found = (one.name for one in folder.iterdir() if one.suffix.lower() in _ENDINGS)
    return sorted(name for name in found if _inside(name))[:_MOST]


def video_path(name: str) -> Path:
    """Where the film called ``name`` lies. Raises ``DomainError`` (``camera.video``) for a name
    that leads out of the folder, and for a film that is not there."""
    path = _inside(name)
    if path is None:
        raise DomainError(
            "There is no such video. Choose one of the list; whoever runs Gatehouse can put more "
            "into the folder “videos” of its data directory.",
            code="camera.video",
        )
    return path


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "videos"


def _inside(name: str) -> Path | None:
    """The file itself, after links were followed, where it is a film in the folder."""
    if not name.isprintable() or Path(name).name != name:
        return None
    folder = _folder().resolve()
    path = (folder / name).resolve()
    is_film = path.suffix.lower() in _ENDINGS and path.is_file()
    return path if is_film and path.parent == folder else None
