"""Nothing leaves the process without passing a Redactor: the bytes that arrive at every way out, and its structure."""

from __future__ import annotations

import ast
import inspect
import json
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from crew.cli import Commands, main
from crew.commands.crash_report import crash_error
from crew.commands.shared import leave
from crew.console import JsonLines, RichLines
from crew.delivery_context import DeliveryContext
from crew.door.call import Call
from crew.door.door import Door
from crew.door.policy_facts import Facts
from crew.errors import Stopped
from crew.known_secrets import HOME_USED, command_redactor, redactor_of
from crew.models.by_url import lone_role_model
from crew.models.drafting import Drafter
from crew.models.faults import fault_of
from crew.models.recordings.normalise import Normalised, normalised
from crew.models.recordings.record import Recorder
from crew.models.recordings.replay import ReplayModel, replay_model
from crew.models.request import ask
from crew.policy_drafts.draft import readable
from crew.printable import say
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger, Row
from crew.records.rows import Note
from crew.report import delivery_report
from crew.report.html import render, write_report
from crew.settings.config import Config, TelemetrySettings
from crew.telemetry.open import open_telemetry
from crew.telemetry.otlp import OtlpTelemetry
from tests.crew.collector import collector
from tests.crew.drafts import GOOD, REGULATION
from tests.crew.histories import history
from tests.crew.models.conversations import ONE, TOOLS, conversation
from tests.crew.models.server import serving
from tests.crew.models.wired import QUICK
from tests.crew.policy_drafts.test_draft import Conversation, called
from tests.tools.deliveries import delivery
from tools.catalogue.registry import CATALOGUE
from tools.catalogue.repository import repository
from tools.git.merge_to_main import merge
from tools.git.merging import commit_generation
from tools.git.repository import Repository
from tools.git.repository_setup import open_repository
from tools.redaction import MARK, Redactor
from tools.result import Workbench
from tools.runtimes.local.logs import ServiceLog

ROOT = Path(__file__).resolve().parents[2]
KNOWN = "hush/hush+4711 of the shop"
FORMS = (
    "gsk-" + "Zq9XkT2v" * 4,
    "gsk_" + "Zq9XkT2v" * 6,
    "sk-proj-" + "Zq9XkT2v" * 4,
    "ghp_" + "a1B2" * 9,
    "AKIA" + "IOSFODNN7QWERTYU",
)
"""Tokens that only their form gives away."""
PLANTED = f"before {KNOWN} {' '.join(FORMS)} after"
REDACT = Redactor((KNOWN,))
NO_SECRETS = Redactor(known_secrets=())
WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def check(arrived: bytes | str, known: str = KNOWN) -> None:
    """Fail unless a planted text arrived without any of its secrets."""
    text = arrived.decode("utf-8", "replace") if isinstance(arrived, bytes) else arrived
    assert MARK in text, "the planted text did not arrive at all"
    assert [secret for secret in (known, *FORMS) if secret in text] == []


def everything(folder: Path) -> bytes:
    """Return the bytes of all files of a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that holds the secret of a service."""
    (tmp_path / "home" / "secrets").mkdir(parents=True)
    (tmp_path / "home" / "secrets" / "shop.json").write_text(json.dumps({"AUTH_JWT_SECRET": KNOWN}))
    return tmp_path / "home"


@pytest.fixture
def command(home: Path) -> Iterator[None]:
    """What `say` finds while a command works on the home."""
    with click.Context(main) as context:
        context.meta[HOME_USED] = home
        yield


def test_a_command_knows_its_keys_and_the_secrets_of_its_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "own-key-of-the-server")
    monkeypatch.setenv("AUTH_JWT_SECRET", "")
    (home / "secrets" / "broken.json").write_text("[")
    assert redactor_of(home).known_secrets == ("own-key-of-the-server", KNOWN)
    assert redactor_of(None).known_secrets == ("own-key-of-the-server",)
    assert command_redactor().known_secrets == ("own-key-of-the-server",)


INDEX = "https://ada:sesame%2Fopen@index.example/simple"


@pytest.mark.attack
@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("UV_INDEX_PRIVATE_PASSWORD", "sesame-open", {"sesame-open"}),
        ("UV_DEFAULT_INDEX", INDEX, {"sesame%2Fopen", "sesame/open"}),
        ("UV_INDEX", f"private={INDEX} {INDEX.replace('sesame', 'simsim')}", {"sesame/open", "simsim/open"}),
        ("PIP_INDEX_URL", "https://token-0123456789abcdef@index.example/simple", {"token-0123456789abcdef"}),
        ("HTTPS_PROXY", "http://ada:sesame-open@proxy:3128", {"sesame-open"}),
        ("UV_INDEX", "https://[broken https://index.example/simple", set()),
        ("PIP_INDEX_URL", "https://ada@index.example/simple", set()),
    ],
)
def test_credentials_of_package_indexes_are_known(
    name: str, value: str, known: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(redactor_of(None).known_secrets)
    monkeypatch.setenv(name, value)
    added = set(redactor_of(None).known_secrets) - before
    assert known <= added
    assert added or not known


@pytest.mark.attack
@pytest.mark.parametrize("arguments", [
    [f"--{FORMS[0]}"], [FORMS[3]], ["run", f"--{FORMS[1]}"], ["ledger", f"--{FORMS[2]}"],
    ["ledger", FORMS[0]], ["policy", "draft", "x", "--" + FORMS[0]],
])  # fmt: skip
def test_errors_about_the_command_line_quote_no_token(arguments: list[str]) -> None:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2, done.output
    assert MARK in done.output
    assert [token for token in FORMS if token in done.output] == []


def test_ledger(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db", NO_SECRETS).with_redactor(REDACT)
    row = ledger.append("d", "n", Note(node="x", text=PLANTED))
    ledger.write("d", "note", "further", {"node": "x", "text": "", PLANTED: [PLANTED]})
    ledger.close()
    check(row.body.text)
    check(everything(tmp_path))


def test_artifact(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, NO_SECRETS).with_redactor(REDACT)
    store.put(PLANTED.encode())
    store.put(json.dumps({"a": [PLANTED]}).encode())
    check(everything(tmp_path))


def test_recording(tmp_path: Path) -> None:
    recorder = Recorder(
        tmp_path / "r", title=PLANTED, model="m", made=PLANTED, today=date(2026, 1, 2), redact=REDACT
    )
    messages = [*conversation(ONE), HumanMessage(PLANTED)]
    call: Any = {"name": "f", "args": {"x": PLANTED}, "id": "1"}
    recorder.keep(messages, TOOLS, {"stop": PLANTED}, AIMessage(PLANTED, tool_calls=[call]), 1)
    recorder.keep_error([*messages, AIMessage(PLANTED)], TOOLS, {}, "ContextOverflow", 1)
    check(everything(tmp_path))


def test_crash_report(home: Path) -> None:
    said = str(crash_error(ValueError(PLANTED), home, "crew resume"))
    check(said)
    check(everything(home / "logs"))


def test_log_of_a_service(tmp_path: Path) -> None:
    from pydantic import SecretStr

    log = ServiceLog(tmp_path / "s.log", tmp_path / "pipe", {"AUTH_JWT_SECRET": SecretStr(KNOWN)})
    log.open()
    with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
        log.follow()
        pipe.write(f"{PLANTED}\n".encode())
    log.close()
    check(log.file.read_bytes())
    check(log.tail())


def test_report(tmp_path: Path) -> None:
    made = history(tmp_path)
    report = delivery_report(made.ledger, made.artifacts, made.delivered())
    changed = report.model_copy(update={"reason": PLANTED, "assumptions": (PLANTED,)})
    check(write_report(made.home, [changed], REDACT).read_bytes())
    made.ledger.close()


@pytest.mark.usefixtures("command")
def test_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(PLANTED)
    with pytest.raises(SystemExit):
        leave(Stopped(PLANTED))
    shown = capsys.readouterr()
    check(shown.out)
    check(shown.err)


RAW = "\x1b]0;owned\x07\x9b2J\u202e\u200b\x7f"


@pytest.mark.attack
def test_warnings_and_errors_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command(cls=Commands, invoke_without_command=True)
    def loud() -> None:
        warnings.simplefilter("always")
        # As Python warns of the invalid escapes in a repository's source.
        warnings.warn_explicit(f"{RAW}{PLANTED}", SyntaxWarning, f"{RAW}.py", 3)
        raise click.UsageError(f"{RAW}{PLANTED}")

    before = warnings.showwarning
    for arguments in ([], [f"--{RAW}"], [RAW]):
        with pytest.raises(SystemExit):
            loud.main(arguments, prog_name="loud")
    assert warnings.showwarning is before
    shown = capsys.readouterr().err
    assert "SyntaxWarning: \\u001b]0;owned" in shown
    assert [each for each in RAW if not each.isprintable() and each in shown] == []
    assert [secret for secret in FORMS if secret in shown] == []


def test_there_is_one_way_to_the_terminal() -> None:
    printing = re.compile(
        r"\b(?:echo|secho|print|prompt|confirm)\(|sys\.(?:stdout|stderr|__std\w+__)|\bConsole\("
    )
    ways = {
        str(path.relative_to(ROOT))
        for path in PRODUCT
        if path.relative_to(ROOT).parts[0] in ("crew", "graphs", "tools") and "inside" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and printing.match(ast.unparse(node.func).rpartition(".")[2] + "(")
    }
    assert ways == {
        "crew/printable.py",
        "crew/console/__init__.py",
        "crew/commands/policy.py",  # asks a question that is a constant
        "tools/runtimes/local/daemon.py",  # prints to its log
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_terminal_of_a_run(as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printer = JsonLines(REDACT) if as_json else RichLines(tmp_path, REDACT)
    body = Note(node=PLANTED, text=PLANTED)
    printer.show(Row(delivery="d", number=1, key="k", at="", body=body, previous="", hash=""))
    check(capsys.readouterr().out)
    made = history(tmp_path)
    report = delivery_report(made.ledger, made.artifacts, made.delivered())
    printer.end([report.model_copy(update={"reason": PLANTED, "status": "stopped"})], tmp_path / "r.html")
    check(capsys.readouterr().out)
    made.ledger.close()


@pytest.mark.parametrize("content", [True, False])
def test_telemetry(content: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crew.telemetry.otlp.CLOSE_SECONDS", 60)
    with collector() as got:
        telemetry = open_telemetry(TelemetrySettings(otlp=got.url, content=content), NO_SECRETS)
        own = telemetry.redacting(REDACT)
        with own.delivery("d", PLANTED), own.tool_call(PLANTED, "c", "code", "d") as span:
            span.set(outcome=PLANTED, response_model=PLANTED, finish_reasons=[PLANTED], result={"a": PLANTED})
        assert telemetry.close() == ""
        check(got.bytes)


def conversation_with_secrets() -> list[BaseMessage]:
    """Messages that hold secrets wherever a message can."""
    call: Any = {"name": "f", "args": {"x": PLANTED}, "id": "1"}
    return [
        HumanMessage(PLANTED),
        AIMessage(PLANTED, tool_calls=[call]),
        ToolMessage(PLANTED, tool_call_id="1"),
    ]


def test_model_request() -> None:
    from tests.crew.models.test_drafting import FORM, RIGHT

    with serving(lambda body: RIGHT) as server:
        config = Config.model_validate({"model": {"base_url": server.url} | QUICK})
        drafter = Drafter(lone_role_model("openai:m", config), REDACT)
        drafter.draft(conversation_with_secrets(), FORM, lambda handed: [], 0)
        check(json.dumps([{**body, "headers": None} for body in server.bodies]))


def test_fault_of_a_server() -> None:
    fault = fault_of(ValueError(PLANTED), REDACT)
    assert fault is not None
    check(fault.what)


def test_policy_draft_sends_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("AUTH_JWT_SECRET", KNOWN)
    talk = Conversation(called(GOOD))
    with serving(talk.answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        (tmp_path / "payments.md").write_text(f"{REGULATION}\n{PLANTED}\n")
        arguments = ["policy", "draft", str(tmp_path / "payments.md"), "--model", "openai:m"]
        done = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "out")])
        assert done.exit_code == 0, done.output
        check(json.dumps([{**body, "headers": None} for body in server.bodies]))
    check(everything(tmp_path / "out"))


def test_commit_message_and_rationale(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"a.py": "x = 1\n"}, redact=REDACT, rationale=PLANTED)
    (bench.workspace / "a.py").write_text("x = 2\n")
    done = CATALOGUE["commit"].run(bench, CATALOGUE["commit"].arguments(message=PLANTED))
    assert done.ok, done.summary
    held = repository(bench)
    check(held.message(str(done.data["commit"])))


GUESSED = 'password = "' + 'hunter2hunter2"'


@pytest.mark.attack
@pytest.mark.parametrize(
    ("message", "rationale", "name", "content", "where"),
    [
        ("Add a file", f"The story says {GUESSED}", "b.py", b"x = 1", "the commit message"),
        (f"Add {GUESSED}", "The story asks for it.", "b.py", b"x = 1", "the commit message"),
        ("Add a file", "The story asks for it.", "password=hunter2hunter2", b"", "the file name"),
        ("Add a file", "The story asks for it.", "b.txt", GUESSED.encode("utf-16"), "b.txt"),
        ("Add a file", "The story asks for it.", "b.py", GUESSED.encode(), "b.py"),
    ],
)
def test_policy_learns_of_a_guess_in_whatever_a_commit_publishes(
    message: str, rationale: str, name: str, content: bytes, where: str, tmp_path: Path
) -> None:
    bench = delivery(tmp_path, {"a.py": "x = 1\n"}, redact=REDACT)
    (bench.workspace / name).write_bytes(content)
    (tmp_path / "records").mkdir()
    made = history(tmp_path / "records")
    call = Call(
        delivery="d", role="code", visit=1, step=1, index=0, tool="commit", arguments={}, rationale=rationale
    )
    tool = CATALOGUE["commit"]
    facts = Facts(bench, made.ledger, made.artifacts)(call, tool, tool.arguments(message=message))
    made.ledger.close()
    found: Any = facts["secrets"]
    assert [each["file"].startswith(where) for each in found] == [True], found
    assert "hunter2" not in str(found)


def test_merge_message_and_trailers(tmp_path: Path) -> None:
    held = open_repository(tmp_path / "made", tmp_path / "private", when=WHEN)
    main_branch = held.required(held.base_ref)
    author, tree = held.person, held.tree_of(main_branch)
    tip = held.commit(tree, (main_branch,), PLANTED, author, WHEN, REDACT)
    held.update_ref("refs/heads/crew/S", tip, None)
    landed = merge(
        held,
        "refs/heads/crew/S",
        message=PLANTED,
        trailers={"Delivery": PLANTED},
        author=author,
        when=WHEN,
        redact=REDACT,
    )
    generation = commit_generation(held, {"a": "b"}, None, PLANTED, author, WHEN, REDACT)
    for commit in (tip, str(landed.commit), generation):
        check(held.message(commit))


SINKS: tuple[Callable[..., Any], ...] = (
    ArtifactStore,
    DeliveryContext,
    Door,
    Drafter,
    JsonLines,
    Ledger,
    Normalised,
    OtlpTelemetry,
    Recorder,
    ReplayModel,
    Repository.commit,
    RichLines,
    Workbench,
    ask,
    commit_generation,
    fault_of,
    merge,
    normalised,
    open_telemetry,
    readable,
    render,
    replay_model,
    write_report,
)


@pytest.mark.parametrize("sink", SINKS, ids=lambda sink: sink.__qualname__)
def test_a_sink_requires_a_redactor(sink: Callable[..., Any]) -> None:
    parameter = inspect.signature(sink).parameters["redact"]
    assert parameter.default is inspect.Parameter.empty
    assert parameter.annotation in ("Redactor", Redactor)


PRODUCT = [
    path
    for package in ("crew", "graphs", "tools", "evals")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "templates" not in path.parts
]


def definitions(tree: ast.AST) -> Iterator[tuple[str, str | None, bool]]:
    """Yield name, annotation and whether there is a default, of every parameter and annotated field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            positional = [*node.args.posonlyargs, *node.args.args]
            missing = len(positional) - len(node.args.defaults)
            defaults = [*[None] * missing, *node.args.defaults, *node.args.kw_defaults]
            for argument, default in zip([*positional, *node.args.kwonlyargs], defaults, strict=True):
                annotation = argument.annotation and ast.unparse(argument.annotation)
                yield argument.arg, annotation, default is not None
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, ast.unparse(node.annotation), node.value is not None


def test_no_redactor_is_optional() -> None:
    count = 0
    for path in PRODUCT:
        for name, annotation, has_default in definitions(ast.parse(path.read_text())):
            if name != "redact" and "Redactor" not in (annotation or ""):
                continue
            count += 1
            assert annotation == "Redactor", f"{path}: `{name}: {annotation}` is not a Redactor"
            assert not has_default, f"{path}: `{name}` has a default, so a caller may leave it out"
    assert count > 30


WRITES = {
    "print", "write_text", "write_bytes", "write_atomically", "fdopen", "echo", "secho", "getLogger", "warn",
    "set_attribute", "start_as_current_span", "invoke", "stream", "execute", "post", "urlopen", "sendall",
}  # fmt: skip
"""Calls by which text leaves a process. `invoke` and `stream` are a model's or a graph's."""
EXEMPT = {
    "crew/app.py:prepared": "writes a .gitignore of one constant line",
    "crew/commands/tests.py:_write": "tests from the user's own code, into a folder of theirs",
    "crew/knowledge/store.py:GraphStore": "made from the ledger and from artifacts, which are redacted",
    "crew/models/recordings/format.py:_write": "called by the Recorder with what it has redacted",
    "crew/models/request.py:_said": "called by `ask` with redacted messages",
    "crew/policy_drafts/folder.py:approve": "copies a draft",
    "crew/policy_drafts/folder.py:_write_files": "a draft made from a redacted regulation",
    "crew/records/checkpoints.py:open_saver": "a constant PRAGMA",
    "crew/records/home_ledger.py:ledger_id": "writes a random id",
    "crew/settings/docs_table.py:": "writes the documentation of this repository",
    "graphs/diagram.py:": "writes the documentation of this repository",
    "graphs/fallback.py:_visit": "invokes a graph",
    "graphs/run.py:_invoke": "invokes a graph",
    "graphs/run.py:open_ends": "a constant query",
}
"""Definitions that write and need no redactor, with the reason."""


def writers() -> Iterator[tuple[str, set[str], str]]:
    """Yield each top-level definition of the product that writes, the calls by which it does, and its source."""
    for path in PRODUCT:
        if path.parts[len(ROOT.parts)] not in ("crew", "graphs"):
            continue
        for node in ast.parse(path.read_text()).body:
            names = {
                call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                for call in ast.walk(node)
                if isinstance(call, ast.Call)
            }
            if names & WRITES:
                name = getattr(node, "name", "")
                yield f"{path.relative_to(ROOT)}:{name}", names & WRITES, ast.unparse(node)


def test_whatever_writes_takes_a_redactor() -> None:
    without = {name: calls for name, calls, source in writers() if "redact" not in source}
    assert without.keys() == EXEMPT.keys(), without


def test_only_the_repository_makes_commits() -> None:
    makers = [path for path in PRODUCT if "commit-tree" in path.read_text()]
    assert makers == [ROOT / "tools/git/repository.py"]
