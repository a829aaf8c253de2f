"""Django settings, composed from one file per concern."""

from .base import *  # noqa: F403
from .observability import *  # noqa: F403
from .security import *  # noqa: F403
from .services import *  # noqa: F403
