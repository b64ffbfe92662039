"""Pages of this room: the site chat, for people without an account, and what an owner sets for one account."""

from django.urls import URLPattern, path

from conversations import channel_pages, views, visitor_pages

app_name = "conversations"
urlpatterns: list[URLPattern] = [
    path("w/<slug:token>/", views.chat, name="chat"),
    path("w/<slug:token>/messages/", views.messages, name="chat-messages"),
    path("w/<slug:token>/files/", views.hand_in, name="chat-files"),
    path("w/<slug:token>/files/<slug:file>/", views.file, name="chat-file"),
    path("w/<slug:token>/seen/", views.seen, name="chat-seen"),
    path("w/<slug:token>/typing/", visitor_pages.typing, name="chat-typing"),
    path("w/<slug:token>/go-on/", visitor_pages.go_on, name="chat-go-on"),
    path("w/<slug:token>/back/<str:proof>/", visitor_pages.back, name="chat-back"),
    path("w/<slug:token>.js", views.widget, name="widget"),
    path("channels/<int:pk>/text-back/", channel_pages.text_back, name="text-back"),
    path("channels/<int:pk>/known-people/", channel_pages.known_people, name="known-people"),
    path("channels/<int:pk>/known-people/forget/", channel_pages.forget_people, name="forget-people"),
]
