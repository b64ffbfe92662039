"""The style guide: every part of the design language with sample data. Routed in DEBUG and the demo only."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import segno
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.templatetags import marzha

CHANNELS = [("telegram", "Telegram"), ("vk", "VK"), ("webchat", gettext_lazy("Site chat"))]


class SampleForm(forms.Form):
    """One field of each sort."""

    name = forms.CharField(
        label=gettext_lazy("Client"), help_text=gettext_lazy("As the client calls themself.")
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        widget=forms.TextInput(attrs={"type": "tel", "data-phone": True, "autocomplete": "tel"}),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=CHANNELS, widget=forms.RadioSelect)
    master = forms.ChoiceField(label=gettext_lazy("Master"), choices=[("", gettext_lazy("Any"))])
    price = forms.DecimalField(
        label=gettext_lazy("Price"), widget=forms.NumberInput(attrs={"class": "mz-num"})
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    remind = forms.BooleanField(
        label=gettext_lazy("Remind of the visit"),
        required=False,
        help_text=gettext_lazy("48, 24 and 2 hours before."),
    )


def guide(request: HttpRequest) -> HttpResponse:
    """The page; its POST answers with a toast or a failure, `?part=dialog` with a dialog."""
    if request.method == "POST":
        if request.POST.get("say") == "fail":
            return HttpResponse(status=503)
        said = {"text": _("The conversation is closed"), "tone": "gain", "undo": request.path}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": said})})
    if request.GET.get("part") == "dialog":
        return render(request, "ui/guide_dialog.html")
    return render(request, "ui/guide.html", {"guide": sample(timezone.now()) | {"url": request.path}})


def _people() -> list[dict[str, str]]:
    return [
        {"name": _("Anna Petrova"), "channel": "telegram"},
        {"name": _("Boris Zuev"), "channel": "webchat"},
        {"name": _("Svetlana Kim"), "channel": "vk"},
        {"name": _("Masha Orlova"), "channel": ""},
        {"name": _("Igor Volkov"), "channel": "telephony"},
        {"name": _("Olga Lee"), "channel": ""},
    ]


def _charts(now: dt.datetime) -> dict[str, Any]:
    days = [marzha.day(now - dt.timedelta(days=n), now) for n in range(13, -1, -1)]
    leads = [7, 9, 4, 11, 12, 15, 6, 8, 10, 13, 9, 14, 17, 5]
    booked = [3, 5, 2, 6, 7, 9, 4, 4, 6, 8, 5, 9, 11, 2]
    sources = ["Telegram", "VK", _("Site"), "Avito", _("Calls")]
    revenue = [182400, 96300, 74100, 41800, 22750]
    hours = [f"{hour}:00" for hour in range(9, 21)]
    weekdays = [marzha.day(now.date() + dt.timedelta(days=n + 8), now).split(",")[0] for n in range(7)]
    funnel = [
        (_("Leads"), 320),
        (_("Answered"), 311),
        (_("Booked"), 164),
        (_("Came"), 139),
        (_("Came again"), 58),
    ]
    return {
        "line": {
            "kind": "area",
            "unit": "number",
            "categories": days,
            "series": [{"name": _("Leads"), "values": leads}, {"name": _("Booked"), "values": booked}],
            "table": {
                "head": [_("Day"), _("Leads"), _("Booked")],
                "rows": list(zip(days, leads, booked, strict=True)),
            },
        },
        "bar": {
            "kind": "bar",
            "unit": "money",
            "lying": True,
            "categories": sources,
            "series": [{"name": _("Revenue"), "values": revenue, "hrefs": ["#rows"] * 5}],
            "table": {
                "head": [_("Source"), _("Revenue")],
                "rows": [[s, marzha.money(r)] for s, r in zip(sources, revenue, strict=True)],
            },
        },
        "funnel": {
            "kind": "funnel",
            "unit": "number",
            "categories": [name for name, _n in funnel],
            "series": [{"name": _("People"), "values": [n for _name, n in funnel]}],
            "table": {"head": [_("Step"), _("People")], "rows": funnel},
        },
        "heat": {
            "kind": "heatmap",
            "unit": "number",
            "categories": hours,
            "rows": weekdays,
            "values": [[x, y, (x * 7 + y * 5 + x * y) % 11] for x in range(12) for y in range(7)],
        },
        "stack": {
            "kind": "stack",
            "unit": "money",
            "categories": sources,
            "series": [
                {"name": _("Margin"), "tone": "gain", "values": [90000, 42000, 40000, 9000, 12000]},
                {"name": _("Spent"), "tone": "loss", "values": [32000, 28000, 9000, 21000, 0]},
            ],
        },
        "share_chart": {
            "kind": "share",
            "unit": "number",
            "categories": sources,
            "series": [{"name": _("Leads"), "values": [140, 72, 58, 31, 19]}],
        },
        "sankey": {
            "kind": "sankey",
            "unit": "number",
            "nodes": [{"name": n} for n in [*sources[:3], _("Booked")]]
            + [{"name": _("Lost"), "tone": "loss"}, {"name": _("Came"), "tone": "gain"}],
            "links": [
                {"source": sources[0], "target": _("Booked"), "value": 80},
                {"source": sources[0], "target": _("Lost"), "value": 60},
                {"source": sources[1], "target": _("Booked"), "value": 40},
                {"source": sources[1], "target": _("Lost"), "value": 32},
                {"source": sources[2], "target": _("Booked"), "value": 44},
                {"source": sources[2], "target": _("Lost"), "value": 14},
                {"source": _("Booked"), "target": _("Came"), "value": 139},
                {"source": _("Booked"), "target": _("Lost"), "value": 25},
            ],
        },
    }


def _day(people: list[dict[str, str]]) -> list[dict[str, Any]]:
    def visit(hour: int, minute: int, length: int, who: int, what: str, kind: str = "") -> dict[str, Any]:
        end = hour * 60 + minute + length
        return {
            "from": dt.time(hour, minute),
            "to": dt.time(end // 60, end % 60),
            "name": people[who]["name"],
            "what": what,
            "kind": kind,
        }

    haircut, beard, colour = _("Haircut"), _("Beard trim"), _("Colouring")
    return [
        {
            "name": people[5]["name"],
            "off_from": dt.time(13),
            "off_to": dt.time(14),
            "visits": [
                visit(9, 30, 45, 0, haircut, "mz-visit--gain"),
                visit(11, 0, 90, 2, colour),
                visit(15, 15, 60, 4, haircut, "mz-visit--wait"),
                visit(17, 0, 45, 1, beard, "mz-visit--loss"),
            ],
        },
        {
            "name": people[3]["name"],
            "off_from": dt.time(9),
            "off_to": dt.time(11),
            "visits": [
                visit(11, 0, 45, 1, beard),
                visit(12, 0, 30, 0, haircut, "mz-visit--mute"),
                visit(18, 30, 60, 2, haircut),
            ],
        },
        {
            "name": people[4]["name"],
            "off_from": dt.time(18),
            "off_to": dt.time(20),
            "visits": [visit(10, 0, 20, 2, beard), visit(13, 0, 120, 0, colour)],
        },
    ]


def sample(now: dt.datetime) -> dict[str, Any]:
    """What the page shows."""
    people = _people()
    form = SampleForm(
        {
            "name": "",
            "phone": "+7 913 123-45-67",
            "channel": "vk",
            "master": "",
            "price": "1250",
            "remind": "on",
        }
    )
    form.is_valid()
    texts = [
        _("May I come to Olga?"),
        _("Thank you, see you on Friday"),
        _("How much is colouring?"),
        _("Missed call"),
    ]
    return {
        "now": now,
        "form": form,
        "quick": SampleForm(prefix="quick"),
        "people": people,
        "lost": Decimal("18400"),
        "revenue": Decimal("417350"),
        "odd": Decimal("1872.50"),
        "share": Decimal("0.512"),
        "soon": now + dt.timedelta(hours=3),
        "yesterday": now - dt.timedelta(days=1),
        "later": now + dt.timedelta(days=5),
        "recent": now - dt.timedelta(minutes=12),
        "slots": ["10:00", "11:30", "12:15", "15:30", "16:00", "18:45"],
        "periods": [
            {"url": "?p=w", "label": _("Week"), "active": True},
            {"url": "?p=m", "label": _("Month")},
            {"url": "?p=q", "label": _("Quarter")},
        ],
        "tabs": [
            {"url": "#rows", "label": _("Mine"), "active": True, "count": 4},
            {"url": "#rows", "label": _("Everybody's"), "count": 12},
        ],
        "rows": [
            {
                "name": person["name"],
                "channel": person["channel"],
                "text": text,
                "time": time,
                "unread": unread,
                "late": late,
                "current": current,
            }
            for person, text, time, unread, late, current in zip(
                [people[0], people[1], people[2], people[4]],
                texts,
                ["14 min", "15:02", "12:40", _("yesterday")],
                [2, 0, 0, 0],
                [True, False, False, False],
                [False, True, False, False],
                strict=True,
            )
        ],
        "table": [
            {
                "source": "Telegram",
                "leads": 140,
                "share": Decimal("0.571"),
                "revenue": Decimal("182400"),
                "good": True,
            },
            {
                "source": "Avito",
                "leads": 31,
                "share": Decimal("0.22"),
                "revenue": Decimal("41800.5"),
                "good": False,
            },
            {
                "source": _("Site"),
                "leads": 1058,
                "share": Decimal("0.758"),
                "revenue": Decimal("74100"),
                "good": True,
            },
        ],
        "hours": [dt.time(hour) for hour in range(10, 20)],
        "masters": _day(people),
        "line_now": dt.time(14, 25),
        "qr": segno.make("https://example.org/j/7Kq2").svg_data_uri(scale=8, border=2),
        **_charts(now),
    }
