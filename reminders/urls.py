"""Pages of this room."""

from django.urls import URLPattern, path

from reminders.views import calls, messengers

app_name = "reminders"
urlpatterns: list[URLPattern] = [
    path("calls/", calls.index, name="calls"),
    path("calls/<int:pk>/called/", calls.mark, name="mark"),
    path("calls/<int:pk>/undo/", calls.undo, name="undo"),
    path("calls/<int:pk>/link/", calls.link, name="link"),
    path("r/<str:token>/", messengers.messengers, name="messengers"),
    path("calls/sms/", calls.sms, name="sms"),
]
