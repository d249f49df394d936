"""Nothing that a repository or a workspace names is ever run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.tools.git.conftest import commits, has, parents
from tools.errors import RepositoryError
from tools.git import (
    Repository,
    agent,
    checkout,
    commit_generation,
    diff,
    last_generation,
    merge,
    merge_generation,
    merge_trees,
    open_repository,
    story_branch,
    write_tree,
)
from tools.redaction import Redactor

HOOKS = [
    "applypatch-msg",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "reference-transaction",
    "push-to-checkout",
    "pre-auto-gc",
    "post-rewrite",
    "fsmonitor-watchman",
    "post-index-change",
    "sendemail-validate",
    "p4-pre-submit",
]

CONFIG = """
[core]
    fsmonitor = {run}
    hooksPath = {hooks}
    editor = {run}
    pager = {run}
    sshCommand = {run}
    askPass = {run}
    gitProxy = {run}
    alternateRefsCommand = {run}
    attributesFile = {attributes}
    worktree = {elsewhere}
[include]
    path = {included}
[includeIf "gitdir:**"]
    path = {included}
[filter "evil"]
    clean = {run}
    smudge = {run}
    required = true
[filter "process"]
    process = {run}
[diff]
    external = {run}
[diff "evil"]
    command = {run}
    textconv = {run}
[merge "evil"]
    driver = {run}
    name = evil
[merge]
    tool = evil
[mergetool "evil"]
    cmd = {run}
[interactive]
    diffFilter = {run}
[credential]
    helper = !{run}
[gpg]
    program = {run}
[gpg "ssh"]
    program = {run}
    defaultKeyCommand = {run}
[commit]
    gpgSign = true
[tag]
    gpgSign = true
[trailer "evil"]
    command = {run}
    cmd = {run}
[pager]
    status = {run}
    config = {run}
    show-ref = {run}
[sequence]
    editor = {run}
[uploadpack]
    packObjectsHook = {run}
[trace2]
    eventTarget = {touched}
    normalTarget = {touched}
[protocol]
    allow = always
[protocol "ext"]
    allow = always
[remote "origin"]
    url = ext::{run}
    promisor = true
    partialclonefilter = blob:none
    fetch = +refs/heads/*:refs/remotes/origin/*
[submodule]
    recurse = true
[submodule "sub"]
    active = true
    url = ext::{run}
    update = !{run}
[status]
    submoduleSummary = true
"""

ATTRIBUTES = """\
* filter=evil diff=evil merge=evil
*.lfs filter=process
*.i ident
[attr]binary filter=evil
*.bin binary
"""


@pytest.fixture
def touched(tmp_path: Path) -> Path:
    """The file that appears when anything was run."""
    return tmp_path / "touched"


@pytest.fixture
def run(tmp_path: Path, touched: Path) -> Path:
    """The program that leaves the file."""
    program = tmp_path / "run.sh"
    program.write_text(f"#!/bin/sh\necho ran >> {touched}\ntimeout 2 cat\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def poisoned(
    repository: Repository, tmp_path: Path, folder: Path, run: Path, touched: Path, git: Callable[..., str]
) -> Path:
    """The repository, with every way to run a program planted in it."""
    (folder / ".gitattributes").write_text(ATTRIBUTES)
    (folder / "a.py").write_text("".join(f"{number}\n" for number in range(20)))
    (folder / "b.lfs").write_text("x\n")
    git("add", "-A")
    git("commit", "-q", "-m", "Add files")
    git_folder = folder / ".git"
    hooks = tmp_path / "hooks"
    for place in (git_folder / "hooks", hooks):
        place.mkdir(exist_ok=True)
        for name in HOOKS:
            (place / name).symlink_to(run)
    (tmp_path / "attributes").write_text(ATTRIBUTES)
    (tmp_path / "elsewhere").mkdir()
    included = tmp_path / "included"
    included.write_text(f"[core]\n\tfsmonitor = {run}\n[alias]\n\tstatus = !{run}\n")
    aliases = "".join(
        f"\t{name} = !{run}\n"
        for name in ("add", "status", "commit-tree", "read-tree", "merge-tree", "show-ref", "config", "x")
    )
    with (git_folder / "config").open("a") as file:
        file.write(
            CONFIG.format(
                run=run,
                hooks=hooks,
                attributes=tmp_path / "attributes",
                elsewhere=tmp_path / "elsewhere",
                included=included,
                touched=touched,
            )
        )
        file.write(f"[alias]\n{aliases}")
        file.write("[extensions]\n\tpartialClone = origin\n\tworktreeConfig = true\n")
    (git_folder / "config.worktree").write_text(f"[core]\n\tfsmonitor = {run}\n")
    (git_folder / "info").mkdir(exist_ok=True)
    (git_folder / "info" / "attributes").write_text(ATTRIBUTES)
    touched.unlink(missing_ok=True)
    return folder


def test_the_poison_works(poisoned: Path, touched: Path) -> None:
    """Otherwise the tests below would prove nothing: plain git runs it at once."""
    for arguments in (["status"], ["diff", "HEAD"], ["x"], ["switch", "-c", "y"]):
        touched.unlink(missing_ok=True)
        (poisoned / "a.py").write_text(" ".join(arguments))
        subprocess.run(["git", *arguments], cwd=poisoned, capture_output=True, check=False, timeout=60)
        assert touched.exists(), arguments


@pytest.fixture
def hostile_environment(poisoned: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GIT_EXTERNAL_DIFF",
        "GIT_EDITOR",
        "GIT_PAGER",
        "PAGER",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "EDITOR",
    ):
        monkeypatch.setenv(name, str(run))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(run))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor'='{run}'")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "nowhere"))


def use_everything(repository: Repository, workspace: Path, when: datetime) -> None:
    """Call every function of the package at least once, on files that the attributes speak of."""
    author = agent("code")
    start = repository.start_story("S")
    checkout(repository, start, workspace)
    (workspace / "a.py").write_text("first\n" + (workspace / "a.py").read_text())
    (workspace / "new.lfs").write_text("x\n")
    tree = write_tree(repository, workspace, base=start)
    work = repository.commit(tree, (start,), "Work", author, when, Redactor(()))
    repository.update_ref(story_branch("S"), work, start)
    assert diff(repository, start, work).files
    assert repository.show(work, "a.py")
    assert repository.files(work)
    assert repository.message(work)
    assert parents(repository, work) == (start,)
    assert commits(repository, start, work) == (work,)
    assert repository.merge_base(start, work) == start
    files = {"a.py": "generated\n", "c.lfs": "x\n", ".gitattributes": ATTRIBUTES}
    generation = commit_generation(
        repository, files, last_generation(repository, work), "Generate", author, when, Redactor(())
    )
    assert merge_generation(repository, work, generation).conflicts
    assert not merge_trees(repository, start, work, start).conflicts
    repository.anchor("d", "text")
    assert repository.read_anchor("d") == "text"
    landing = merge(
        repository,
        story_branch("S"),
        message="Merge",
        trailers={"Delivery": "d"},
        author=author,
        when=when,
        redact=Redactor(()),
    )
    assert landing.outcome == "merged"
    assert (repository.folder / "new.lfs").read_text() == "x\n"


def test_nothing_of_the_repository_runs(
    poisoned: Path,
    reopen: Callable[[], Repository],
    touched: Path,
    workspace: Path,
    when: datetime,
    tmp_path: Path,
) -> None:
    use_everything(reopen(), workspace, when)
    reopen()
    assert not touched.exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.usefixtures("hostile_environment")
def test_nothing_of_the_environment_runs_or_steers(
    poisoned: Path,
    reopen: Callable[[], Repository],
    touched: Path,
    workspace: Path,
    when: datetime,
    tmp_path: Path,
) -> None:
    use_everything(reopen(), workspace, when)
    assert not touched.exists()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("hostile_environment")
def test_a_new_repository_takes_nothing_from_templates_or_the_environment(
    tmp_path: Path, run: Path, person: Path, touched: Path, when: datetime
) -> None:
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks" / "reference-transaction").symlink_to(run)
    with (person / ".gitconfig").open("a") as file:
        file.write(f"[init]\n\ttemplateDir = {template}\n[core]\n\thooksPath = {template / 'hooks'}\n")
    made = open_repository(tmp_path / "new", tmp_path / "private", when=when)
    made.start_story("S")
    assert not touched.exists()
    assert not (tmp_path / "new" / ".git" / "hooks").exists()


def test_a_missing_object_is_not_fetched(
    poisoned: Path, reopen: Callable[[], Repository], touched: Path
) -> None:
    repository = reopen()
    blob = repository.entries(repository.required("refs/heads/main"))[1].id
    (poisoned / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert not has(repository, blob)
    with pytest.raises(RepositoryError):
        repository.blob(blob)
    assert not touched.exists()


@pytest.mark.parametrize("place", ["inner", "vendor/deep", "ignored"])
def test_a_repository_inside_the_workspace_is_not_even_looked_at(
    repository: Repository, workspace: Path, run: Path, touched: Path, place: str
) -> None:
    (workspace / ".gitignore").write_text("ignored/\n")
    inner = workspace / place
    inner.mkdir(parents=True)
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=inner, check=True)
    subprocess.run(["git", "config", "core.fsmonitor", str(run)], cwd=inner, check=True)
    with pytest.raises(RepositoryError, match="repository inside the workspace"):
        write_tree(repository, workspace)
    assert not touched.exists()


def test_a_submodule_in_the_persons_files_is_not_asked_for_its_status(
    repository: Repository,
    folder: Path,
    reopen: Callable[[], Repository],
    run: Path,
    touched: Path,
    git: Callable[..., str],
) -> None:
    sub = folder / "sub"
    sub.mkdir()
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *arguments], cwd=sub, check=True)
    git("-c", "advice.addEmbeddedRepo=false", "add", "sub")
    git("commit", "-q", "-m", "sub")
    subprocess.run(["git", "config", "core.fsmonitor", str(run)], cwd=sub, check=True)
    reopen()
    assert not touched.exists()


def test_an_include_of_a_pipe_does_not_hang(
    repository: Repository, folder: Path, tmp_path: Path, reopen: Callable[[], Repository]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (folder / ".git" / "config").open("a") as file:
        file.write(f"[include]\n\tpath = {tmp_path / 'pipe'}\n")
    reopen()


def test_the_view_knows_no_command(poisoned: Path, reopen: Callable[[], Repository], run: Path) -> None:
    """What git sees as configuration is ours to the letter."""
    listing = reopen().git.text("config", "--show-origin", "--includes", "--list")
    assert str(run) not in listing
    assert {line.partition("\t")[0] for line in listing.splitlines()} == {
        f"file:{reopen().git.view / 'config'}"
    }


@pytest.mark.attack
@pytest.mark.parametrize(
    "name",
    ["HEAD", "index", "packed-refs", "refs/heads/x", "info/exclude", "objects/aa/bb", "link"],
)
def test_a_named_pipe_in_the_git_folder_is_refused(
    repository: Repository, reopen: Callable[[], Repository], name: str
) -> None:
    path = repository.git.git_folder / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path if name != "link" else repository.folder / "pipe")
    if name == "link":
        path.symlink_to(repository.folder / "pipe")
    with pytest.raises(RepositoryError, match=f"{name} is a named pipe"):
        reopen()


@pytest.mark.attack
def test_git_has_a_time_limit(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.git.command.LONGEST_SECONDS", 0.5)
    os.mkfifo(repository.git.git_folder / "index")
    with pytest.raises(RepositoryError, match=r"git ls-files did not end within 0\.5 s"):
        repository.git.run("ls-files", index=repository.git.own_index)
