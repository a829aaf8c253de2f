"""Settings for tests: a temporary data directory, quick hashing, the same everything else."""

import os
import tempfile

# Tests must never touch an operator's data, whatever the shell has set.
os.environ["GATEHOUSE_DATA_DIR"] = os.environ.get("GATEHOUSE_TEST_DATA_DIR") or tempfile.mkdtemp(
    prefix="gatehouse-test-"
)
os.environ.pop("GATEHOUSE_ADMIN_EMAIL", None)
os.environ.pop("GATEHOUSE_THRESHOLD", None)

from portal.config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
AXES_ENABLED = False
ACCOUNT_RATE_LIMITS = False
