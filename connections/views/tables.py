"""The page on which a table of requests is handed in: a look at what will be read, then the requests themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from connections import dropping
from connections.models import Connection, ConnectionState
from connections.views import parts
from integrations.forms import csvdrop
from kit.text import storable
from tenants import audit, clock, wall
from tenants.models import Role
from tenants.roles import needs

FIRST_ROWS, FIRST_ERRORS = 10, 50
# Names of what a column is read as; anything else is kept as an answer under the column's own name.
MEANINGS: dict[str, Any] = {
    "name": gettext_lazy("Name"),
    "last_name": gettext_lazy("Name"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
    "message": gettext_lazy("Words of the person"),
    "date": gettext_lazy("Date"),
    "id": gettext_lazy("Number by which a repeat is known"),
    "consent": gettext_lazy("Consent"),
    "form_name": gettext_lazy("Form"),
    "page_url": gettext_lazy("Page"),
    "service": gettext_lazy("Marks of the form and of advertising"),
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "vk": gettext_lazy("VK"),
    "max": "MAX",
    "instagram": "Instagram",
}


class TableForm(forms.Form):
    """A file with requests."""

    file = forms.FileField(
        label=gettext_lazy("File with requests"),
        help_text=gettext_lazy(
            "A .csv file, up to 3 MB and 10,000 lines. From a spreadsheet: “Save as” → CSV."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )

    def clean_file(self) -> Any:
        """Says what to do with a file that is no table of text, or too large a one."""
        file = self.cleaned_data["file"]
        if file.size > dropping.MOST_BYTES:
            raise forms.ValidationError(
                _("This file is larger than 3 MB: divide it and hand in the parts one after another.")
            )
        head = file.read(8)
        file.seek(0)
        if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise forms.ValidationError(
                _(
                    "This is a spreadsheet's own format. Open it there, choose “Save as” → CSV, and take that file."
                )
            )
        return file


@needs(Role.MANAGER)
@require_http_methods(["GET", "HEAD", "POST"])
def table(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a file (`file`) and shows what is in it; takes it in when the page comes back with it (`packed`)."""
    connection = parts.channel_or_404(pk)
    if connection.kind != "form" or connection.state == ConnectionState.NEW:
        raise Http404
    if request.method == "POST" and "packed" in request.POST:
        return _take_in(request, connection)
    form = TableForm(request.POST or None, request.FILES or None) if request.method == "POST" else TableForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        data, name = file.read(), storable(file.name or "")
        try:
            packed = dropping.pack(connection, data, name=name)
        except dropping.TooLarge:
            form.add_error("file", _("This file holds too much: divide it and hand in the parts."))
        else:
            found = dropping.read(connection, data, name=name, zone=wall.entered_tenant().zone)
            return _page(request, connection, TableForm(), found=found, packed=packed, name=name)
    return _page(request, connection, form, status=422 if request.method == "POST" else 200)


def _take_in(request: HttpRequest, connection: Connection) -> HttpResponse:
    if connection.state == ConnectionState.OFF:
        raise Http404
    try:
        data, name = dropping.unpack(connection, request.POST["packed"])
    except dropping.Stale:
        form = TableForm()
        stale = _("This look at the file is too old: choose the file again.")
        return _page(request, connection, form, status=422, stale=stale)
    found = dropping.read(connection, data, name=name, zone=wall.entered_tenant().zone)
    taken = dropping.take_in(connection, found, now=clock.now())
    audit.record(
        "connection.table",
        by=parts.person(request),
        subject=connection.kind,
        new=taken.new,
        known=taken.known,
        wrong=taken.wrong,
    )
    told = urlencode({"new": taken.new, "known": taken.known, "wrong": taken.wrong})
    return HttpResponseRedirect(f"{reverse('connections:table', args=[connection.pk])}?{told}")


def _page(
    request: HttpRequest,
    connection: Connection,
    form: TableForm,
    *,
    found: dropping.Table | None = None,
    packed: str = "",
    name: str = "",
    status: int = 200,
    stale: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "connection": connection,
        "form": form,
        "packed": packed,
        "name": name,
        "stale": stale,
        "off": connection.state == ConnectionState.OFF,
        "taken": _told(request),
    }
    if found is not None:
        context |= {
            "found": found,
            "columns": [(column, MEANINGS.get(csvdrop.meaning(column), "")) for column in found.columns]
            if found.named
            else [],
            "first": found.requests[:FIRST_ROWS],
            "rest": max(0, len(found.requests) - FIRST_ROWS),
            "errors": found.errors[:FIRST_ERRORS],
            "more_errors": max(0, len(found.errors) - FIRST_ERRORS),
        }
    return render(request, "connections/table.html", context, status=status)


def _told(request: HttpRequest) -> dict[str, int] | None:
    """What the address says that became of a file."""
    given = [request.GET.get(name, "") for name in ("new", "known", "wrong")]
    if request.method == "POST" or not all(
        text.isascii() and text.isdigit() and len(text) < 7 for text in given
    ):
        return None
    return dict(zip(("new", "known", "wrong"), map(int, given), strict=True))
