"""Run pytest one or more times, each time in a forked process on its own copy of the workspace.

Modules that all runs need are imported once, before the first fork, so that a run costs little more than its tests.
Usage: `python runner.py ORDER`, where ORDER is the JSON file written by `tools/testing/sandbox_runner.py`.
"""

from __future__ import annotations

import contextlib
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
    """Perform the runs that a JSON file describes."""
    order = json.loads(Path(path).read_text())
    if order["path"]:
        _borrow("coverage", order["path"])
    # pytest imports its plugins anyway; without this, it would import and compile them again in every run.
    for plugin in importlib.metadata.entry_points(group="pytest11"):
        plugin.load()
    for name in order["warm"]:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112  a run may still be able to import it
            continue
    _supervise(order, Path(tempfile.mkdtemp(prefix="runs-")))


def _borrow(name: str, path: list[str]) -> None:
    """Import a package from another environment without making that environment's other packages importable."""
    own = list(sys.path)
    sys.path += path
    importlib.import_module(name)
    sys.path[:] = own


def _supervise(order: dict[str, Any], place: Path) -> None:
    """Perform the runs, up to `workers` of them in parallel, and write the result of each as soon as it ends.

    Runs that are stopped because the total time has elapsed are omitted, since their results are unknown.
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
            with contextlib.suppress(RecursionError):  # removed with the report folder
                shutil.rmtree(place / run["name"], ignore_errors=True)
            if late or not over:
                ended[run["name"]] = {"exit": code, "seconds": seconds, "timed_out": late}
                _write(Path(order["out"]) / "runs.json", json.dumps(ended))


def _exit_code(pid: int, kill: bool) -> int | None:
    """Return the exit code of a run, or None if it is still running; `kill` kills its process group first."""
    if kill:
        os.killpg(pid, signal.SIGKILL)
    found, status = os.waitpid(pid, 0 if kill else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _fork(order: dict[str, Any], run: dict[str, Any], place: Path) -> int:
    pid = os.fork()
    if pid:
        os.setpgid(pid, pid)  # in parent and child, so that it is done before either relies on it
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        log = os.open(Path(order["out"]) / f"{run['name']}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = _run(order, run, place)
    except BaseException:  # noqa: BLE001  a child must never continue as its parent
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
        reporter = plugin.Reporter(file, root, run["select"], run["share"], lines, run.pop("tripwires"))
        arguments = [*_arguments(run), f"--basetemp={temporary / 'pytest'}"]
        if order["project"]:
            # The project's own settings may need the cache plugin; the cache starts empty.
            arguments = [
                "-o",
                f"cache_dir={place / 'cache'}",
                *(each for each in arguments if each != _NO_CACHE),
            ]
        return int(pytest.main(arguments, plugins=[reporter]))


def _offer(project: dict[str, Any], root: Path, folder: Path) -> None:
    """Make a project importable, and its version available, in the tests and in the processes that they start."""
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
    """Load the plugin by its path: adding its folder to `sys.path` could shadow modules of the service."""
    spec = importlib.util.spec_from_file_location("shipcrew_plugin", Path(__file__).parent / "plugin.py")
    if spec is None or spec.loader is None:
        raise ImportError("plugin.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _arguments(run: dict[str, Any]) -> list[str]:
    arguments = ["-q", _NO_CACHE, "--color=no", "--tb=short", f"--rootdir={Path.cwd()}"]
    arguments.append("-Wignore::pytest.PytestAssertRewriteWarning")  # the plugins are already imported
    if importlib.util.find_spec("hypothesis"):
        arguments.append(f"--hypothesis-seed={run['seed']}")
    # Disable plugins that start processes, trace lines themselves, or shuffle the tests.
    for module, options in (
        ("xdist", ["-n0"]),
        ("pytest_cov", ["--no-cov"]),
        ("pytest_randomly", ["-p", "no:randomly"]),
    ):
        if importlib.util.find_spec(module):
            arguments += options
    if run["brief"]:
        # Failed assertions need not be explained here, and assertion rewriting would have to precede all imports.
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
