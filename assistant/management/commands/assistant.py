"""`manage.py assistant parse`: what the assistant understands of a text, as JSON."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant import facts
from assistant.understanding import reading
from tenants import lookup, wall


class _Intermixed(CommandParser):
    """Takes a text that stands after an option: argparse by itself gives an optional argument up before that."""

    _inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._inside:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


class Command(BaseCommand):
    """See the module. `--file` takes a JSON line `{"text"}` each and answers line by line."""

    help = "Prints what is understood of a client's words."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        verbs = parser.add_subparsers(dest="verb", required=True, parser_class=_Intermixed)
        parse = verbs.add_parser("parse")
        parse.add_argument("slug")
        parse.add_argument("--now", required=True, help="ISO 8601; without an offset it is the salon's time")
        parse.add_argument("--file", help='a file of JSON lines {"text"}')
        parse.add_argument("text", nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        if bool(options["file"]) == (options["text"] is not None):
            raise CommandError("give either a text or --file", returncode=2)
        tenant_id = lookup.tenant_by_slug(options["slug"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['slug']}")
        texts = _lines(options["file"]) if options["file"] else [options["text"]]
        with wall.tenant_tx(tenant_id):
            tenant = wall.entered_tenant()
            today = _moment(options["now"], tenant.zone).date()
            catalogue, masters = facts.catalogue(), facts.masters()
            for text in texts:
                read = reading.read(
                    text, catalogue=catalogue, masters=masters, today=today, language=tenant.language
                )
                found = reading.as_json(read, catalogue=catalogue, masters=masters)
                self.stdout.write(json.dumps(found, ensure_ascii=False))


def _moment(text: str, zone: dt.tzinfo) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--now: {text} is no ISO 8601 moment", returncode=2) from None
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _lines(name: str) -> list[str]:
    try:
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        return [str(json.loads(line)["text"]) for line in lines if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{name}: {error}") from error
