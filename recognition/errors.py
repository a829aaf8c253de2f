"""What can go wrong inside the engine.

Every error says what was wrong, what was expected and what to do, and carries a stable
``code`` that the portal and the API hand on. Nothing here imports anything heavy.
"""

__all__ = [
    "DeviceUnavailable",
    "ImageRejected",
    "IndexMismatch",
    "ModelRejected",
    "RecognitionError",
    "SelfTestFailed",
    "WeightsError",
]


class RecognitionError(Exception):
    """Base of all engine errors. ``code`` is stable and dotted, ``message`` is for people."""

    code = "recognition.error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class ImageRejected(RecognitionError):
    """The bytes are not a picture that Gatehouse accepts (codes ``image.*``)."""

    code = "image.rejected"


class WeightsError(RecognitionError):
    """A weight file is missing or is not, byte for byte, the one in the manifest."""

    code = "weights.invalid"


class ModelRejected(RecognitionError):
    """A network loaded but does not behave as its manifest entry says."""

    code = "model.rejected"


class DeviceUnavailable(RecognitionError):
    """A device was asked for by name and is not there. Never answered by a silent fallback."""

    code = "device.unavailable"


class IndexMismatch(RecognitionError):
    """Vectors of two embedding spaces, or of a wrong shape, were about to meet."""

    code = "index.mismatch"


class SelfTestFailed(RecognitionError):
    """The engine started but its answers differ from the stored golden values."""

    code = "engine.self_test"
