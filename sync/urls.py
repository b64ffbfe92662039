"""Pages of this room."""

from django.urls import path

from sync import views

app_name = "sync"
urlpatterns = [
    path("", views.index, name="index"),
    path("connect/", views.connect, name="connect"),
    path("check/", views.check, name="check"),
    path("pipeline/", views.pipeline, name="pipeline"),
    path("export/", views.export, name="export"),
    path("links/<int:pk>/again/", views.again, name="again"),
    path("disconnect/", views.disconnect, name="disconnect"),
]
