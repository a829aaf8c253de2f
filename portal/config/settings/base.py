"""Applications, middleware, templates, database, static files."""

from typing import Any

import environ

from portal.config.env import ENV, PROJECT_DIR

BASE_DIR = PROJECT_DIR
DATA_DIR = ENV.data_dir
DEBUG = ENV.debug
SITE_NAME = ENV.site_name

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "django_filters",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "portal.core",
    "portal.ui",
    "portal.accounts",
    "portal.audit",
    "portal.organisation",
    "portal.jobs",
    "portal.journal",
    "portal.engines",
    "portal.people",
    "portal.cameras",
    "portal.sightings",
    "portal.schedules",
    "portal.attendance",
    "portal.reports",
    "portal.muster",
    "portal.kiosk",
    "portal.enrolment",
    "portal.hygiene",
    "portal.review",
    "portal.facesearch",
    "portal.alerts",
    "portal.roster",
    "portal.calibration",
    "portal.dashboard",
    "portal.privacy",
    "portal.api",
    "portal.system",
    "workers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.core.middleware.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.core.middleware.ContextMiddleware",
    "portal.core.middleware.DomainErrorMiddleware",
    "portal.accounts.middleware.FirstRunMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.config.urls"
ASGI_APPLICATION = "portal.config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.ui.context.portal",
            ],
            "builtins": ["portal.ui.templatetags.ui"],
        },
    }
]

DATABASES = {"default": environ.Env.db_url_config(ENV.database_url)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers go on while one process writes; IMMEDIATE takes the write lock when a
    # transaction begins, so it waits (`timeout`) instead of failing half-way. Both are needed:
    # with WAL alone 91 of 1,000 concurrent read-then-write transactions failed as "locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
            "PRAGMA mmap_size=134217728;PRAGMA journal_size_limit=67108864;PRAGMA cache_size=-16000"
        ),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Threads that serve requests live on and keep their connection. To open one costs as much as a
# short request, and on SQLite whoever closes the last one writes the whole log back.
DATABASES["default"]["CONN_MAX_AGE"] = 60

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = ENV.time_zone
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"

FORM_RENDERER = "portal.ui.forms.PortalFormRenderer"
