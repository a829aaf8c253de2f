"""The ASGI application: pages and API through Django, websockets through Channels."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
http_application = get_asgi_application()

# Models may be imported only after Django is set up, which the line above does.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402

from portal.config.routing import websocket_urlpatterns  # noqa: E402
from portal.core.body_limit import BodyLimit  # noqa: E402

__all__ = ["application"]

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(http_application, max_bytes=settings.MAX_REQUEST_BYTES),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
