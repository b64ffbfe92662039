"""Pages of this room."""

from django.urls import URLPattern, path, re_path

from bookings.views import calendar, catalogue, manage, new, public, visit

_TOKEN = r"^v/(?P<token>[A-Za-z0-9_-]{8,32})/"

app_name = "bookings"
urlpatterns: list[URLPattern] = [
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/new/", new.new, name="new"),
    path("calendar/<int:pk>/", visit.show, name="visit"),
    path("calendar/<int:pk>/move/", visit.move, name="move"),
    path("calendar/<int:pk>/move-back/", visit.move_back, name="move-back"),
    path("calendar/<int:pk>/reopen/", visit.reopen, name="reopen"),
    *(path(f"calendar/<int:pk>/{step}/", visit.mark, {"step": step}, name=step) for step in visit.MARKS),
    path("catalogue/", catalogue.index, name="catalogue"),
    path("catalogue/services/new/", catalogue.service, name="services-new"),
    path("catalogue/services/<int:pk>/", catalogue.service, name="services-edit"),
    path("catalogue/addons/", catalogue.index, {"tab": "addons"}, name="addons"),
    path("catalogue/addons/new/", catalogue.addon, name="addons-new"),
    path("catalogue/addons/<int:pk>/", catalogue.addon, name="addons-edit"),
    path("catalogue/masters/", catalogue.index, {"tab": "masters"}, name="masters"),
    path("catalogue/masters/new/", catalogue.master, name="masters-new"),
    path("catalogue/masters/<int:pk>/", catalogue.master, name="masters-edit"),
    path("catalogue/masters/<int:pk>/days-off/", catalogue.days_off, name="days-off"),
    path("catalogue/masters/<int:pk>/days-off/<int:day_off>/drop/", catalogue.work_again, name="work-again"),
    *(
        path(f"catalogue/{tab}/<int:pk>/{name}/", view, {"tab": tab}, name=f"{tab}-{name}")
        for tab in ("services", "addons", "masters")
        for name, view in (("retire", catalogue.retire), ("restore", catalogue.restore))
    ),
    path("b/<slug:slug>/", public.page, name="public"),
    re_path(rf"{_TOKEN}$", manage.page, name="manage"),
    re_path(rf"{_TOKEN}confirm/$", manage.confirm, name="manage-confirm"),
    re_path(rf"{_TOKEN}cancel/$", manage.cancel, name="manage-cancel"),
    re_path(rf"{_TOKEN}move/$", manage.move, name="manage-move"),
    re_path(rf"{_TOKEN}visit\.ics$", manage.calendar_file, name="manage-ics"),
]
