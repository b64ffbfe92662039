"""Fails on Cyrillic in code, templates and scripts: what a person reads is English in the source and comes
through the catalogue, so that it can be found, corrected and translated in one place.

Free of it are tests, presets, catalogues and fakes of Russian systems, a module whose first line opens with
"Language data", and a line that ends in "# language data". Comments and docstrings may say what they like.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FREE = ("tests/", "presets/", "locale/", "fakes/", "docs/")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LINE_MARK = "# language data"
MODULE_MARK = "Language data"


def main() -> int:
    """Prints every place; returns 1 if there is one."""
    faults = [fault for path in _files() for fault in faults_of(path.read_text(encoding="utf-8"), path)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _files() -> Iterator[Path]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        path = ROOT / name
        if (
            path.suffix in {".py", ".html", ".js", ".mjs", ".css"}
            and not name.startswith(FREE)
            and path.is_file()
        ):
            yield path


def faults_of(words: str, path: Path) -> Iterator[str]:
    """`file:line: ...` for each literal with Cyrillic in the words of a file."""
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    lines = _literals(words) if path.suffix == ".py" else _outside_comments(words, path.suffix)
    for line, text in lines:
        if CYRILLIC.search(text):
            yield f"{name}:{line}: Cyrillic in the source ({text.strip()[:40]!r}); write English, translate in locale/"


def _literals(words: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(words)
    if (ast.get_docstring(tree) or "").startswith(MODULE_MARK):
        return
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    source = words.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            if not CYRILLIC.search(node.value):  # spares reading its source again, which is slow
                continue
            end = node.end_lineno or node.lineno
            if not any(LINE_MARK in line for line in source[node.lineno - 1 : end]):
                yield node.lineno, ast.get_source_segment(words, node) or node.value


_COMMENTS = {
    ".html": re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL),
    ".css": re.compile(r"/\*.*?\*/", re.DOTALL),
    ".js": re.compile(r"/\*.*?\*/|(?<![:\w])//[^\n]*", re.DOTALL),
}


def _outside_comments(words: str, suffix: str) -> Iterator[tuple[int, str]]:
    comments = _COMMENTS[".js" if suffix == ".mjs" else suffix]
    left = comments.sub(lambda found: "\n" * found[0].count("\n"), words)
    yield from enumerate(left.splitlines(), start=1)


if __name__ == "__main__":
    sys.exit(main())
