from django.apps import AppConfig


class SightingsConfig(AppConfig):
    name = "portal.sightings"

    def ready(self) -> None:
        from portal.cameras.faces import register_faces
        from portal.sightings.at_cameras import FacesAtCameras

        register_faces(FacesAtCameras())
