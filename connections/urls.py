"""Pages of this room."""

from django.urls import path

from connections import views

app_name = "connections"
urlpatterns = [
    path("", views.index, name="index"),
    path("add/<slug:kind>/", views.add, name="add"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/check/", views.check, name="check"),
    path("<int:pk>/switch/", views.switch, name="switch"),
]
