"""Every form in the portal's own look: Django's renderer with the portal's field template.

Public surface: `PortalFormRenderer` (the `FORM_RENDERER` setting). Widgets keep Django's own
templates; labels, help and errors come from `templates/components/`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import django.forms
from django.conf import settings
from django.forms.renderers import DjangoTemplates
from django.template.backends.django import DjangoTemplates as TemplateBackend

__all__ = ["PortalFormRenderer"]


class PortalFormRenderer(DjangoTemplates):
    """Looks in the portal's templates first, then among Django's widgets."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"

    @cached_property
    def engine(self) -> Any:
        return TemplateBackend(
            {
                "APP_DIRS": True,
                "DIRS": [
                    settings.BASE_DIR / "templates",
                    Path(django.forms.__file__).parent / "templates",
                ],
                "NAME": "portal_forms",
                "OPTIONS": {"builtins": ["portal.ui.templatetags.ui"]},
            }
        )
