"""People who pass cameras, without cameras: visits are written and announced as the workers do it.

``python -m tests.e2e.passing``, for the data directory that the environment names, takes a list
of acts as JSON on its standard input and answers with the visits' ids. Public surface of the
tests: ``Passers``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment

__all__ = ["Passers"]


@dataclass(frozen=True, slots=True)
class Passers:
    gatehouse: Gatehouse

    def come(self, *, camera: str, count: int = 1, tell: bool = True, **fields: Any) -> list[str]:
        """New visits at a camera, which is made if need be, oldest first; ``tell=False`` keeps them from the browsers."""
        act = {"camera": camera, "fields": fields, "tell": tell}
        return self._do([act] * count)

    def change(self, *visits: str, tell: bool = True, **fields: Any) -> None:
        """These visits are now so."""
        self._do([{"visit": visit, "fields": fields, "tell": tell} for visit in visits])

    def vanish(self, *visits: str) -> None:
        """These visits became part of others, and no browser was told."""
        self._do(
            [{"visit": visit, "fields": {}, "tell": False, "is_gone": True} for visit in visits]
        )

    def _do(self, acts: list[dict[str, Any]]) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.passing"],
            cwd=PROJECT,
            env=system_environment(
                {
                    "GATEHOUSE_DATA_DIR": str(self.gatehouse.data_dir),
                    "DJANGO_SETTINGS_MODULE": "portal.config.settings",
                }
            ),
            input=json.dumps(acts),
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        return [str(visit) for visit in json.loads(done.stdout)]


def _act(act: dict[str, Any]) -> str:
    from django.utils import timezone

    from portal.cameras.models import Camera
    from portal.core.events import VisitsChanged, publish
    from portal.people.models import Person
    from portal.sightings.models import Visit
    from tests.factories import CameraFactory, visit_with_face

    fields = dict(act["fields"])
    if name := fields.get("person"):
        fields["person"] = Person.objects.get(name=name)
        fields["candidates"] = [[str(fields["person"].pk), 0.8]]
    if "visit" in act:
        visit = Visit.objects.get(pk=act["visit"])
        if act.get("is_gone"):
            visit.delete()
            return act["visit"]
        for field, value in fields.items():
            setattr(visit, field, value)
        visit.save()
    else:
        now = timezone.now()
        visit = visit_with_face(
            camera=Camera.objects.filter(name=act["camera"]).first()
            or CameraFactory(name=act["camera"]),
            first_at=now - timedelta(seconds=3),
            last_at=now,
            **fields,
        )
    if act["tell"]:
        event: VisitsChanged = {
            "type": "visits.changed",
            "ids": [str(visit.pk)],
            "camera_ids": [str(visit.camera_id)],
            "site_ids": [str(visit.site_id)],
        }
        publish("live", event)
    return str(visit.pk)


if __name__ == "__main__":
    import django

    django.setup()
    json.dump([_act(act) for act in json.load(sys.stdin)], sys.stdout)
