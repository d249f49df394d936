"""Runs pytest one or more times, each time in a fork of its own on a copy of the workspace.

What all runs need is imported once, before the first fork: a run then costs its tests and little more.
Started as `python runner.py ORDER`, where ORDER is the JSON file written by `tools/testing/sandbox_runner.py`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

_TICK = 0.01
_NO_CACHE = "-pno:cacheprovider"


def main(path: str) -> None:
    """Carry out an order."""
    order = json.loads(Path(path).read_text())
    if order["path"]:
        _borrow("coverage", order["path"])
    # pytest would import its plugins anyway, but once a run, and compile them anew each time.
    for plugin in importlib.metadata.entry_points(group="pytest11"):
        plugin.load()
    for name in order["warm"]:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112  what cannot be imported here, a run may still import
            continue
    _supervise(order, Path(tempfile.mkdtemp(prefix="runs-")))


def _borrow(name: str, path: list[str]) -> None:
    """Import a package of another environment, whose other packages the service lacks and must not find."""
    own = list(sys.path)
    sys.path += path
    importlib.import_module(name)
    sys.path[:] = own


def _supervise(order: dict[str, Any], place: Path) -> None:
    """Keep so many runs going at a time; write down how each ended as soon as it has.

    A run that the end of all time cuts short is left out: that says nothing about it.
    """
    waiting = list(order["runs"])
    going: dict[int, tuple[dict[str, Any], float]] = {}
    ended: dict[str, dict[str, object]] = {}
    limit = time.monotonic() + order["seconds"]
    while going or (waiting and time.monotonic() < limit):
        while waiting and len(going) < order["workers"] and time.monotonic() < limit:
            run = waiting.pop(0)
            going[_fork(order, run, place / run["name"])] = (run, time.monotonic())
        time.sleep(_TICK)
        for pid, (run, start) in list(going.items()):
            seconds = time.monotonic() - start
            over = time.monotonic() > limit
            late = seconds > run["seconds"]
            code = _exit_code(pid, kill=late or over)
            if code is None:
                continue
            del going[pid]
            shutil.rmtree(place / run["name"], ignore_errors=True)
            if late or not over:
                ended[run["name"]] = {"exit": code, "seconds": seconds, "timed_out": late}
                _write(Path(order["out"]) / "runs.json", json.dumps(ended))


def _exit_code(pid: int, kill: bool) -> int | None:
    """Return how a run ended, killed if need be with all that it started; None while it goes on."""
    if kill:
        os.killpg(pid, signal.SIGKILL)
    found, status = os.waitpid(pid, 0 if kill else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _fork(order: dict[str, Any], run: dict[str, Any], place: Path) -> int:
    pid = os.fork()
    if pid:
        os.setpgid(pid, pid)  # by both, so that either way it is done before it is relied on
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        log = os.open(Path(order["out"]) / f"{run['name']}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = _run(order, run, place)
    except BaseException:  # noqa: BLE001  a fork must never go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(order: dict[str, Any], run: dict[str, Any], place: Path) -> int:
    root = place / "workspace"
    shutil.copytree(order["workspace"], root, symlinks=True, ignore=_ignored)
    for file, text in run["patch"].items():
        (root / file).write_text(text, newline="")
    temporary = place / "tmp"
    temporary.mkdir()
    os.environ.update(TMPDIR=str(temporary), HYPOTHESIS_STORAGE_DIRECTORY=str(place / "hypothesis"))
    tempfile.tempdir = None
    os.chdir(root)
    sys.path.insert(0, str(root))
    if order["project"]:
        _offer(order["project"], root, place / "project")
    sys.argv = ["pytest"]
    plugin = _plugin()
    lines = plugin.Lines(root, place / "coverage") if run["lines"] else None
    pytest: Any = importlib.import_module("pytest")
    with (Path(order["out"]) / f"{run['name']}.jsonl").open("w") as file:
        reporter = plugin.Reporter(file, root, run["select"], run["share"], lines)
        arguments = [*_arguments(run), f"--basetemp={temporary / 'pytest'}"]
        if order["project"]:
            # Its own settings may rest on a cache, which starts empty.
            arguments = [
                "-o",
                f"cache_dir={place / 'cache'}",
                *(each for each in arguments if each != _NO_CACHE),
            ]
        return int(pytest.main(arguments, plugins=[reporter]))


def _offer(project: dict[str, Any], root: Path, folder: Path) -> None:
    """Let a project be imported, by what its tests start too, and asked for its version."""
    paths = [str(root / each) for each in project["roots"]]
    if project["name"]:
        about = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        about.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (about / "METADATA").write_text(text)
        paths.append(str(folder))
    sys.path[:0] = [each for each in paths if each not in sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def _plugin() -> Any:
    """Load it by its place: a folder of ours on the path could shadow modules of the service."""
    spec = importlib.util.spec_from_file_location("shipcrew_plugin", Path(__file__).parent / "plugin.py")
    if spec is None or spec.loader is None:
        raise ImportError("plugin.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _arguments(run: dict[str, Any]) -> list[str]:
    arguments = ["-q", _NO_CACHE, "--color=no", "--tb=short", f"--rootdir={Path.cwd()}"]
    arguments.append("-Wignore::pytest.PytestAssertRewriteWarning")  # of the plugins imported before
    if importlib.util.find_spec("hypothesis"):
        arguments.append(f"--hypothesis-seed={run['seed']}")
    # What would start processes of its own, trace lines as we do, or run tests in another order each time.
    for module, options in (
        ("xdist", ["-n0"]),
        ("pytest_cov", ["--no-cov"]),
        ("pytest_randomly", ["-p", "no:randomly"]),
    ):
        if importlib.util.find_spec(module):
            arguments += options
    if run["brief"]:
        # Assertions need not be explained here, and rewriting them wants to come before any import.
        arguments += ["-x", "--assert=plain", "--tb=no"]
    return [*arguments, *run["select"]]


def _ignored(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in (".git", "__pycache__", ".hypothesis", ".pytest_cache")]


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


if __name__ == "__main__":
    main(sys.argv[1])
