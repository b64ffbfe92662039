"""Message catalogues without gettext's binaries: collects texts from code and templates, compiles, checks.

python tools/messages.py collect           brings locale/*/LC_MESSAGES/django.po up to the code
python tools/messages.py compile [PO ...]  writes the .mo beside each catalogue
python tools/messages.py merge PO ...      takes over translations from other catalogues
python tools/messages.py check             exit 1 when a catalogue lacks a text or has a wrong one
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
NOT_OURS = {
    ".venv",
    ".venv-readers",
    "node_modules",
    "static_build",
    "static_collected",
    ".local",
    "tests",
    "migrations",
}

# Function of django.utils.translation -> which of its arguments are context, singular, plural.
FUNCTIONS = {
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}


@dataclass(frozen=True)
class Text:
    """A text of the source: what identifies it in a catalogue."""

    msgid: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Plural forms do not identify: `ngettext` and `gettext` of one msgid share an entry."""
        return self.context, self.msgid


def main(arguments: list[str]) -> int:
    """Runs one of the four commands; returns the exit code."""
    command, files = (arguments[0], [Path(name) for name in arguments[1:]]) if arguments else ("", [])
    if command == "collect" and not files:
        return collect()
    if command == "compile":
        return compile_catalogues(files or CATALOGUES)
    if command == "merge" and files:
        return merge(files)
    if command == "check" and not files:
        return check()
    print(__doc__, file=sys.stderr)
    return 2


# ---------------------------------------------------------------------- the source


def source_texts() -> dict[tuple[str, str], tuple[Text, set[str]]]:
    """Every text of code and templates with the files that say it, by key."""
    found: dict[tuple[str, str], tuple[Text, set[str]]] = {}
    for path in _sources():
        words = path.read_text(encoding="utf-8")
        name = str(path.relative_to(ROOT))
        for text in _of_python(words, name) if path.suffix == ".py" else _of_template(words, name):
            known, files = found.setdefault(text.key, (text, set()))
            if text.plural and not known.plural:
                found[text.key] = (text, files)
            files.add(name)
    return found


def _sources() -> Iterator[Path]:
    for suffix in ("py", "html", "txt"):
        for path in sorted(ROOT.rglob(f"*.{suffix}")):
            inside = path.relative_to(ROOT).parts
            if not NOT_OURS.intersection(inside) and (suffix == "py" or "templates" in inside):
                yield path


def _of_python(words: str, name: str) -> Iterator[Text]:
    tree = ast.parse(words, name)
    called = {function: function for function in FUNCTIONS}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            called |= {
                alias.asname or alias.name: alias.name for alias in node.names if alias.name in FUNCTIONS
            }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        spoken = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if spoken not in called:
            continue
        for argument in node.args:
            if isinstance(argument, ast.JoinedStr):
                raise SystemExit(
                    f"{name}:{node.lineno}: an f-string cannot be translated; use % or format after it"
                )
        constants = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
        yield from _text(called[spoken], constants)


# templatize() turns a template into calls; everything else in it is blanked out.
_STRING = r"""u?r?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"(?<![\w.])(_|{'|'.join(FUNCTIONS)})\(\s*({_STRING}(?:\s*,\s*{_STRING})*)", re.DOTALL)


def _of_template(words: str, name: str) -> Iterator[Text]:
    from django.utils.translation.template import templatize

    for call in _CALL.finditer(templatize(words, origin=name)):
        strings = [ast.literal_eval(string) for string in re.findall(_STRING, call[2], re.DOTALL)]
        yield from _text("gettext" if call[1] == "_" else call[1], strings)


def _text(function: str, constants: Sequence[object]) -> Iterator[Text]:
    def argument(place: int | None) -> str:
        value = constants[place] if place is not None and place < len(constants) else ""
        return value if isinstance(value, str) else ""

    context, singular, plural = FUNCTIONS[function]
    if msgid := argument(singular):
        yield Text(msgid, argument(plural), argument(context))


# ---------------------------------------------------------------------- the catalogues


def collect() -> int:
    """Adds new texts, drops those that nobody says any more, keeps every translation."""
    texts = source_texts()
    for path in CATALOGUES or [_first_catalogue()]:
        catalogue = polib.pofile(str(path), wrapwidth=110)
        known = _by_key(catalogue)
        forms = _forms(catalogue)
        catalogue[:] = []
        for key, (text, files) in sorted(texts.items(), key=lambda item: (min(item[1][1]), item[0][1])):
            entry = known.get(key) or polib.POEntry(msgid=text.msgid, msgctxt=text.context or None)
            if text.plural and not entry.msgid_plural:
                entry.msgid_plural = text.plural
                entry.msgstr_plural = dict.fromkeys(range(forms), "")
            if "%(" in text.msgid + text.plural and "python-format" not in entry.flags:
                entry.flags.append("python-format")
            entry.occurrences = [(file, "") for file in sorted(files)]
            entry.obsolete = False
            catalogue.append(entry)
        catalogue.save(str(path))
        missing = sum(not entry.translated() for entry in catalogue)
        print(f"{path.relative_to(ROOT)}: {len(catalogue)} texts, {missing} to be translated")
    return 0


def _first_catalogue() -> Path:
    path = ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    catalogue = polib.POFile()
    catalogue.metadata = {
        "Language": "ru",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": (
            "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
        ),
    }
    catalogue.save(str(path))
    return path


def merge(files: Iterable[Path]) -> int:
    """Fills what the catalogue of the files' language has no translation for. Conflicts are told, not taken."""
    for path in CATALOGUES:
        catalogue = polib.pofile(str(path), wrapwidth=110)
        known = _by_key(catalogue)
        for file in files:
            for entry in polib.pofile(str(file)):
                mine = known.get((entry.msgctxt or "", entry.msgid))
                if mine is None:
                    catalogue.append(entry)
                    known[entry.msgctxt or "", entry.msgid] = entry
                elif not mine.translated():
                    mine.msgstr, mine.msgstr_plural = entry.msgstr, entry.msgstr_plural
                    mine.msgid_plural = entry.msgid_plural or mine.msgid_plural
                elif mine.msgstr != entry.msgstr and not mine.msgid_plural:
                    print(
                        f"{file}: {entry.msgid!r}: kept {mine.msgstr!r}, not {entry.msgstr!r}",
                        file=sys.stderr,
                    )
        catalogue.save(str(path))
    return 0


def compile_catalogues(files: Iterable[Path]) -> int:
    """Writes the .mo beside each .po, whole or not at all."""
    for path in files:
        fresh = path.with_suffix(".mo.new")
        polib.pofile(str(path)).save_as_mofile(str(fresh))
        fresh.replace(path.with_suffix(".mo"))
    return 0


def check() -> int:
    """Tells what is missing, superfluous or wrong in any catalogue."""
    texts = source_texts()
    faults = [fault for path in CATALOGUES for fault in _faults(path, texts)]
    if not CATALOGUES:
        faults.append("locale/: there is no catalogue")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _faults(path: Path, texts: dict[tuple[str, str], tuple[Text, set[str]]]) -> Iterator[str]:
    catalogue = polib.pofile(str(path))
    name, known, forms = path.relative_to(ROOT), _by_key(catalogue), _forms(catalogue)
    for key, (text, files) in texts.items():
        entry = known.get(key)
        if entry is None:
            yield f"{name}: lacks {text.msgid!r} ({min(files)}); `make messages` adds it"
        elif "fuzzy" in entry.flags:
            yield f"{name}: {text.msgid!r} is marked fuzzy"
        elif text.plural and (len(entry.msgstr_plural) != forms or not all(entry.msgstr_plural.values())):
            yield f"{name}: {text.msgid!r} needs {forms} plural forms"
        elif not entry.msgid_plural and not entry.msgstr:
            yield f"{name}: {text.msgid!r} is not translated"
        else:
            yield from (f"{name}: {text.msgid!r}: {fault}" for fault in _wrong_fields(entry))
    for key in known.keys() - texts.keys():
        yield f"{name}: nobody says {key[1]!r} any more; `make messages` drops it"


_FIELD = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def _wrong_fields(entry: polib.POEntry) -> Iterator[str]:
    """A translation must name the fields of its source, else showing it fails. A plural form may leave out one."""
    wanted = set(_FIELD.findall(entry.msgid)) | set(_FIELD.findall(entry.msgid_plural))
    for said in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
        fields = set(_FIELD.findall(said))
        if fields - wanted or (wanted - fields and not entry.msgid_plural):
            yield f"fields {sorted(wanted)} became {sorted(fields)}"


def _by_key(catalogue: polib.POFile) -> dict[tuple[str, str], polib.POEntry]:
    return {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue if not entry.obsolete}


def _forms(catalogue: polib.POFile) -> int:
    told = re.search(r"nplurals\s*=\s*(\d+)", catalogue.metadata.get("Plural-Forms", ""))
    return int(told[1]) if told else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
