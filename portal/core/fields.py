"""Model fields that mean something to the whole portal."""

from typing import TYPE_CHECKING, Any

from django.db import models

__all__ = ["VaultKeyField"]

if TYPE_CHECKING:
    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class VaultKeyField(CharField):
    """The key of a blob in the vault. The search for orphaned blobs finds its owners by this type,
    so a new model with such a field needs to be told to nobody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 80)
        super().__init__(*args, **kwargs)
