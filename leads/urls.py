"""Pages of this room."""

from django.urls import path

from leads.views import follow, links

app_name = "leads"

urlpatterns = [
    path("links/", links.links, name="links"),
    path("links/<int:pk>/", links.link, name="link"),
    path("links/<int:pk>/qr.<str:kind>", links.qr, name="link-qr"),
    path("links/<int:pk>/archive/", links.archive, name="link-archive"),
    path("links/<int:pk>/restore/", links.restore, name="link-restore"),
    path("links.csv", links.export, name="links-export"),
    path("l/<slug:slug>/<str:code>/", follow.follow, name="follow"),
]
