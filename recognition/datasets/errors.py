"""What can be wrong with a set of labelled pictures. Public surface: ``DatasetRejected``."""

from recognition.errors import RecognitionError

__all__ = ["DatasetRejected"]


class DatasetRejected(RecognitionError):
    """A folder, list or container does not hold what its format promises."""

    code = "dataset.rejected"
