"""The services beside the web process: broker, channel layer, cache, recognition, retention."""

import environ
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from portal.config.env import ENV

# Without retries a websocket that is opened after a broker restart is answered with HTTP 500;
# with them the layer reconnects by itself.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": ENV.broker_urls.channels,
                    "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), 6),
                    "retry_on_error": [RedisConnectionError, RedisTimeoutError],
                    "health_check_interval": 5,
                }
            ]
        },
    }
}

CACHES = {
    "default": {
        "BACKEND": "portal.core.cache.BrokerCache",
        "LOCATION": ENV.broker_urls.cache,
    }
}

CELERY = {
    "broker_url": ENV.broker_urls.celery,
    "broker_connection_retry_on_startup": True,
    # A publish that fails is not lost: the row waits in the database and the sweep finds it. So
    # a request does not hang on a dead broker for long.
    "broker_transport_options": {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "retry_on_timeout": True,
    },
    "broker_pool_limit": 4,
    "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0.05, "interval_max": 0.2},
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_default_queue": "light",
    "worker_proc_alive_timeout": 120,
    "worker_hijack_root_logger": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "timezone": "UTC",
    "enable_utc": True,
}

RECOGNITION = ENV.recognition

OPENED_NETWORKS = ENV.opened_networks
CALIBRATION_NEEDS_TWO = ENV.calibration_needs_two
ATTENDANCE_CORRECTION_DAYS = ENV.correction_days
PICTURE_RETENTION_DAYS = ENV.picture_retention_days

# Django reads mail from several settings; the address holds them all.
globals().update(environ.Env.email_url_config(ENV.email_url))
DEFAULT_FROM_EMAIL = ENV.email_from
