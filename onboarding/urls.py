"""Pages of this room."""

from django.urls import path

from onboarding.views import demo, start, team

app_name = "onboarding"
urlpatterns = [
    path("start/", start.start, name="start"),
    path("setup/", start.setup, name="setup"),
    path("setup/<slug:step>/done/", start.declare, name="declare"),
    path("team/", team.team, name="team"),
    path("team/<int:pk>/role/", team.change_role, name="change_role"),
    path("team/<int:pk>/remove/", team.remove, name="remove"),
    path("team/links/<int:pk>/revoke/", team.revoke_link, name="revoke_link"),
    path("join/<str:token>/", team.join, name="join"),
    path("demo/", demo.walk, name="demo"),
    path("demo/clock/", demo.move_clock, name="move_clock"),
    path("demo/mail/", demo.mailbox, name="mailbox"),
]
