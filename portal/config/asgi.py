"""The ASGI application: pages and API through Django, websockets through Channels."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
django.setup(set_prefix=False)

# Models may be imported only after Django is set up, which the line above does.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from portal.accounts.admission import admits  # noqa: E402
from portal.config.routing import websocket_urlpatterns  # noqa: E402
from portal.core.body_limit import BodyLimit, LargerLimit  # noqa: E402
from portal.core.pooled_handler import HttpApplication  # noqa: E402

__all__ = ["application"]

# Synchronous requests take turns for Python's lock, so more threads than this only help those
# that wait for the database; each keeps a connection of its own.
_REQUEST_THREADS = 4

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(
            HttpApplication(
                threads=_REQUEST_THREADS, asynchronous=frozenset({"/api/v1/recognitions"})
            ),
            max_bytes=settings.MAX_REQUEST_BYTES,
            larger={
                "/people/import/": LargerLimit(
                    settings.MAX_ROSTER_UPLOAD_BYTES, admits("people.import")
                )
            },
        ),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
