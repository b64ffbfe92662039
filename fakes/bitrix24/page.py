"""What a person sees at the fake portal's address: its deals by stage, its leads and contacts."""

import html
from typing import Any

from fakes.bitrix24.portal import DEAL, FACTORY, LEAD, Portal, Row

_WORDS = FACTORY["page"]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { margin: 0 auto; max-width: 80rem; padding: 1rem; font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.note { opacity: .7; margin: 0; }
.board { display: flex; gap: .75rem; overflow-x: auto; padding-bottom: .5rem; }
.stage { flex: 0 0 13rem; border-top: 4px solid var(--line); background: var(--soft); border-radius: 6px; }
.stage h3 { font-size: .85rem; margin: 0; padding: .5rem .6rem; }
.card { background: Canvas; border: 1px solid var(--line); border-radius: 6px; margin: 0 .5rem .5rem; }
.card { padding: .5rem; overflow-wrap: anywhere; }
.card p { margin: 0; font-size: .85rem; opacity: .8; }
.card strong { display: block; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.S { border-color: #7bd500; } .F { border-color: #ff5752; } .P { border-color: #39a8ef; }
"""


def render(portal: Portal, *, calls: int) -> str:
    """The whole page, refreshed by the browser every few seconds."""
    refusing = "" if portal.plan and not portal.revoked else f"<p><strong>{_WORDS['refusing']}</strong></p>"
    boards = [_board(portal, DEAL, row["name"], row["id"]) for row in portal.categories]
    leads = _board(portal, LEAD, _WORDS["leads"], 0) if portal.leads else ""
    return f"""<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>{_WORDS["title"]}</title><link rel="stylesheet" href="/style.css">
</head><body><h1>{_WORDS["title"]}</h1><p class="note">{_WORDS["calls"]}: {calls}</p>{refusing}
{"".join(boards)}{leads}
<h2>{_WORDS["contacts"]}</h2>{_contacts(portal)}
</body></html>"""


def _board(portal: Portal, kind: int, name: str, category: int) -> str:
    rows = [row for row in portal.all(kind) if kind == LEAD or row["categoryId"] == category]
    columns = []
    for stage in portal.stages_of(kind, category):
        cards = [_card(portal, row) for row in reversed(rows) if row["stageId"] == stage["STATUS_ID"]]
        title = f"{_text(stage['NAME'])} ({len(cards)})"
        meaning = stage["SEMANTICS"] or "P"
        columns.append(f'<div class="stage {meaning}"><h3>{title}</h3>{"".join(cards)}</div>')
    title = _WORDS["deals"] if kind == DEAL else _WORDS["leads"]
    return f'<h2>{title}: {_text(name)}</h2><div class="board">{"".join(columns)}</div>'


def _card(portal: Portal, row: Row) -> str:
    contact = portal.items[3].get(row["contactId"]) if row["contactId"] else None
    who = f"{contact['name'] or ''} {_phone(contact)}" if contact else ""
    money = f"{row['opportunity']} {row['currencyId']}" if row["opportunity"] else ""
    lines = [who, money, _source(portal, row), row["utmCampaign"] or "", f"№ {row['id']}"]
    shown = "".join(f"<p>{_text(line)}</p>" for line in lines if line.strip())
    return f'<div class="card"><strong>{_text(row["title"])}</strong>{shown}</div>'


def _contacts(portal: Portal) -> str:
    if not portal.contacts:
        return f'<p class="note">{_WORDS["empty"]}</p>'
    heads = ("name", "phone", "source", "campaign", "created", "key")
    rows = []
    for row in reversed(portal.contacts):
        cells = [
            f"{row['name'] or ''} {row['lastName'] or ''}",
            _phone(row),
            _source(portal, row),
            row["utmCampaign"],
            row["createdTime"][:16].replace("T", " "),
            row["originId"],
        ]
        rows.append("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{_WORDS[name]}</th>" for name in heads)
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _phone(row: Row) -> str:
    return ", ".join(str(entry["value"]) for entry in row["fm"])


def _source(portal: Portal, row: Row) -> str:
    names = {status["STATUS_ID"]: status["NAME"] for status in portal.statuses_of("SOURCE")}
    return str(names.get(row["sourceId"], row["sourceId"] or ""))


def _text(value: Any) -> str:
    return html.escape("" if value is None else str(value))
