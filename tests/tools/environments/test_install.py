"""Environments of services, installed from an index on loopback that holds wheels made here."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import pytest

from tests.tools.sandbox.conftest import any_sandbox
from tools.environments.install import Environment, find, install, resolve
from tools.environments.pinned import require_pins
from tools.errors import (
    EnvironmentFailed,
    IndexUnreachable,
    PackageNotFound,
    RequirementRefused,
    WheelMissing,
)
from tools.sandbox import Job, Sandbox, choose
from tools.scanners import dependencies

__all__ = ["any_sandbox"]

Publish = Callable[..., None]


class Index:
    """A package index: its pages, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.pause_seconds = 0.0
        index = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                time.sleep(index.pause_seconds)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                return

        handler = functools.partial(Handler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/simple"
        threading.Thread(target=self.server.serve_forever, args=(0.01,)).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def publish(
        self,
        name: str,
        version: str = "1.0",
        *,
        requires: tuple[str, ...] = (),
        files: dict[str, str] | None = None,
        tag: str = "py3-none-any",
        licence: str = "MIT",
    ) -> None:
        """Put a wheel there."""
        needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
        content = {
            f"{name}/__init__.py": f"version = {version!r}\ndef main(): print('ran')\n",
            **(files or {}),
            f"{name}-{version}.dist-info/METADATA": (
                f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: {licence}\n{needs}"
            ),
            f"{name}-{version}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{name}-{version}.dist-info/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        }
        record = f"{name}-{version}.dist-info/RECORD"
        rows = [f"{path},{_hash(text)},{len(text)}" for path, text in content.items()]
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as wheel:
            for path, text in (content | {record: "\n".join([*rows, f"{record},,"]) + "\n"}).items():
                wheel.writestr(path, text)
        self._add(name, f"{name}-{version}-{tag}.whl", data.getvalue())

    def publish_source(self, name: str) -> None:
        """Put a package there that comes as source only."""
        self._add(name, f"{name}-1.0.tar.gz", b"no archive at all")

    def _add(self, name: str, file: str, data: bytes) -> None:
        page = self.folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_bytes(data)
        with page.open("a") as links:
            links.write(f'<a href="/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a>\n')


def _hash(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An empty index that installing is told of."""
    served = tmp_path / "index"
    (served / "simple").mkdir(parents=True)
    made = Index(served)
    for name in [each for each in os.environ if each.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_DEFAULT_INDEX", made.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield made
    made.close()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def best() -> Sandbox:
    return choose()


def python(environment: Environment, code: str, **fields: object) -> Job:
    argv = (str(environment.python), "-c", code)
    return Job(argv=argv, folder=environment.folder, readable=(environment.folder,)).model_copy(update=fields)


def test_pins_are_installed_and_run_in_every_sandbox(any_sandbox: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon", "2.1", requires=("tree",), licence="Apache-2.0")
    index.publish("tree")
    made = install(any_sandbox, "lemon==2.1\n# why\ntree==1.0 ; python_version > '3'\n", cache)
    assert [(each.name, each.version, each.licence) for each in made.packages] == [
        ("lemon", "2.1", "Apache-2.0"),
        ("tree", "1.0", "MIT"),
    ]
    assert made.digest.startswith("sha256:")
    code = "import lemon, sys; print(lemon.version, lemon.__cached__, sys.prefix)"
    done = any_sandbox.run(python(made, code))
    assert done.stderr == ""
    version, compiled, prefix = done.stdout.split()
    assert (version, prefix) == ("2.1", str(made.folder))
    assert Path(compiled).exists()
    script = python(made, "").model_copy(update={"argv": (str(made.folder / "bin" / "lemon"),)})
    assert any_sandbox.run(script).stdout == "ran\n"


def test_a_job_cannot_change_an_environment(best: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon")
    made = install(best, "lemon==1.0", cache)
    done = best.run(python(made, "import lemon; open(lemon.__file__, 'a')"))
    assert done.exit_code == 1
    assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr


def test_what_is_there_is_found_again(best: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon")
    assert find("lemon==1.0", cache) is None
    made = install(best, "lemon==1.0", cache)
    index.asked.clear()
    assert install(best, "lemon==1.0", cache) == made == find("lemon==1.0", cache)
    assert index.asked == []
    assert install(best, "# why\r\nLemon == 1.0 \\\r\n", cache) == made
    assert find("lemon==1.1", cache) is None
    assert find("lemon", cache) is None


def test_several_at_once_make_one(best: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: install(best, "lemon==1.0", cache), range(4)))
    assert made == [made[0]] * 4
    assert sum("lemon-1.0" in each and each.endswith(".whl") for each in index.asked) == 1


def test_a_half_made_one_is_never_used(best: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon")
    index.pause_seconds = 60
    code = (
        "import sys; from pathlib import Path; from tools.sandbox import choose;"
        "from tools.environments.install import install; install(choose(), 'lemon==1.0', Path(sys.argv[1]))"
    )
    root = Path(__file__).parents[3]
    crew = subprocess.Popen([sys.executable, "-c", code, str(cache)], cwd=root)
    while not index.asked:
        assert crew.poll() is None
        time.sleep(0.01)
    crew.kill()
    crew.wait()
    assert len(list(cache.glob("environments/*.building-*"))) == 1
    assert find("lemon==1.0", cache) is None
    index.pause_seconds = 0
    made = install(best, "lemon==1.0", cache)
    assert best.run(python(made, "import lemon")).exit_code == 0
    assert list(cache.glob("environments/*.building-*")) == []


def test_no_code_of_a_package_runs_with_the_network(best: Sandbox, index: Index, cache: Path) -> None:
    code = f"import urllib.request; urllib.request.urlopen('{index.url}/../called')\n"
    index.publish("lemon", files={"lemon.pth": code, "sitecustomize.py": code})
    install(best, "lemon==1.0", cache)
    assert [each for each in index.asked if "called" in each] == []


@pytest.mark.parametrize(
    "line",
    [
        "lemon",
        "lemon>=1",
        "lemon==1.*",
        "-r other.txt",
        "-e .",
        "--index-url http://evil.example",
        "-f http://evil.example",
        "lemon @ http://evil.example/lemon-1.0-py3-none-any.whl",
        "./lemon-1.0-py3-none-any.whl",
        "git+https://evil.example/lemon",
        "lemon==1.0 --config-settings x=y",
        "lemon==1.0 \\\n  -r other.txt",
        "lemon==1.0; python_version > '3' --index-url http://evil.example",
        "lemon==1.0; python_version > '3' --index-url evil",
    ],
)
def test_only_pins_are_taken(best: Sandbox, index: Index, cache: Path, line: str) -> None:
    with pytest.raises(
        RequirementRefused, match=r"^Line 2 of the requirements.* is not a pin: write name==version"
    ):
        install(best, f"tree==1.0\n{line}\n", cache)
    assert index.asked == []


@pytest.mark.attack
def test_the_password_of_the_index_is_sent_to_no_other_server(
    best: Sandbox, index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX", f"private={index.url}")
    monkeypatch.setenv("UV_INDEX_PRIVATE_USERNAME", "crew")
    monkeypatch.setenv("UV_INDEX_PRIVATE_PASSWORD", "hunter2")
    address = f"evil @ {index.url}/${{UV_INDEX_PRIVATE_PASSWORD}}/evil-1.0-py3-none-any.whl"
    for text in (
        f"# pins \\\n{address}\n",
        f"tree==1.0 # pins \\\n{address}\n",
        f"tree==1.0 \\\n{address}\n",
    ):
        with pytest.raises(RequirementRefused):
            install(best, text, cache)
    marker = f"tree; python_version != '3\n{address}\n'"
    for wanted, constraints in (([address], []), ([marker], []), (["tree"], [marker])):
        with pytest.raises(RequirementRefused):
            resolve(best, wanted, cache, cache / "scratch", constraints=constraints)
    assert index.asked == []


@pytest.mark.attack
@pytest.mark.parametrize(
    "text",
    [
        "# pins \\\nlemon==1.0\ntree==1.0\n",
        "tree==1.0 \\\n# pins \\\nlemon==1.0\n",
        "#\x0clemon==1.0\ntree==1.0",
        "tree==1.0 \\\r\n\r\nlemon==1.0",
    ],
)
def test_what_is_judged_is_what_is_installed(best: Sandbox, index: Index, cache: Path, text: str) -> None:
    for name in ("lemon", "tree"):
        index.publish(name)
    judged = dependencies(text, "")
    made = install(best, text, cache)
    assert judged["added"] == {f"{each.name}=={each.version}": True for each in made.packages}
    assert len(made.packages) == 2


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "toolbox.txt"])
def test_the_pins_of_the_crew_are_pins(name: str) -> None:
    tools = resources.files("tools")
    folder = tools if name == "toolbox.txt" else tools / "stacks" / "fastapi" / "pins"
    text = (folder / name).read_text()
    assert require_pins(text) == text


def test_hashes_are_kept(best: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon")
    right = hashlib.sha256((index.folder / "lemon-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    with pytest.raises(EnvironmentFailed, match="Hash mismatch"):
        install(best, f"lemon==1.0 \\\n    --hash=sha256:{'0' * 64}\n", cache)
    assert install(best, f"lemon==1.0 \\\n    --hash=sha256:{right}\n", cache).packages[0].name == "lemon"


def test_failures_say_what_mends_them(best: Sandbox, index: Index, cache: Path) -> None:
    index.publish("lemon")
    index.publish("other", tag="cp27-cp27m-win32")
    index.publish("needy", requires=("tree>=2",))
    index.publish_source("source")
    for pin, error, words in (
        ("absent==1.0", PackageNotFound, "Correct its name"),
        ("lemon==9.9", PackageNotFound, "Pin a version that exists"),
        ("other==1.0", WheelMissing, "no wheel for this machine"),
        ("source==1.0", WheelMissing, "only as source"),
        ("needy==1.0", EnvironmentFailed, "requires `tree>=2`, but it's not installed"),
    ):
        with pytest.raises(error, match=words):
            install(best, pin, cache)
        assert find(pin, cache) is None
    assert list(cache.glob("environments/*.building-*")) == []


def test_an_index_that_does_not_answer(
    best: Sandbox, index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    with pytest.raises(IndexUnreachable, match="UV_DEFAULT_INDEX"):
        install(best, "lemon==1.0", cache)
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(IndexUnreachable, match="unset it"):
        install(best, "lemon==1.0", cache)
