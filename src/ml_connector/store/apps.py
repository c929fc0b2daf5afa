"""Django's description of the app."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "ml_connector.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
