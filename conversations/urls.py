"""Pages of this room: the site chat, for people without an account."""

from django.urls import URLPattern, path

from conversations import views

app_name = "conversations"
urlpatterns: list[URLPattern] = [
    path("w/<slug:token>/", views.chat, name="chat"),
    path("w/<slug:token>/messages/", views.messages, name="chat-messages"),
    path("w/<slug:token>/seen/", views.seen, name="chat-seen"),
    path("w/<slug:token>.js", views.widget, name="widget"),
]
