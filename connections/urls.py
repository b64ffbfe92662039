"""Pages of this room."""

from django.urls import path

from connections.views import account, calls, connecting, tables, unread

app_name = "connections"
urlpatterns = [
    path("", connecting.index, name="index"),
    path("add/<slug:kind>/", connecting.add, name="add"),
    path("<int:pk>/", account.detail, name="detail"),
    path("<int:pk>/connect/", connecting.connect, name="connect"),
    path("<int:pk>/progress/", connecting.progress, name="progress"),
    path("<int:pk>/heard/", connecting.heard, name="heard"),
    path("<int:pk>/check/", account.check, name="check"),
    path("<int:pk>/settings/", account.settings, name="settings"),
    path("<int:pk>/secret/", account.secret, name="secret"),
    path("<int:pk>/rename/", account.rename, name="rename"),
    path("<int:pk>/switch/", account.switch, name="switch"),
    path("<int:pk>/delete/", account.delete, name="delete"),
    path("<int:pk>/table/", tables.table, name="table"),
    path("<int:pk>/unread/<int:event_id>/", unread.show, name="unread"),
    path("<int:pk>/unread/<int:event_id>/again/", unread.again, name="unread-again"),
    path("<int:pk>/test-call/", calls.begin, name="test-call"),
    path("<int:pk>/test-call/waiting/", calls.waiting, name="test-call-waiting"),
]
