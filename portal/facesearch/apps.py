from django.apps import AppConfig


class FaceSearchConfig(AppConfig):
    name = "portal.facesearch"
