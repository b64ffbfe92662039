"""Pages of this room."""

from django.urls import URLPattern

app_name = "sync"
urlpatterns: list[URLPattern] = []
