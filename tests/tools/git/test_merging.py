from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.tools.git.conftest import parents
from tools.git import (
    GENERATED,
    Repository,
    agent,
    commit_generation,
    last_generation,
    merge_generation,
    merge_trees,
    store_files,
)
from tools.redaction import Redactor

Commit = Callable[..., str]
Generate = Callable[[dict[str, str], str], str]


@pytest.fixture
def main(repository: Repository) -> str:
    return repository.required("refs/heads/main")


@pytest.fixture
def generate(repository: Repository, when: datetime) -> Generate:
    """Commit a generation for a branch's commit."""

    def make(files: dict[str, str], branch: str) -> str:
        last = last_generation(repository, branch)
        return commit_generation(repository, files, last, "Generate", agent("code"), when, Redactor(()))

    return make


def numbered(*changes: tuple[int, str], count: int = 30) -> str:
    lines = [f"line {number}" for number in range(1, count + 1)]
    for number, text in changes:
        lines[number - 1] = text
    return "\n".join(lines) + "\n"


def test_generations_follow_one_another(
    repository: Repository, main: str, generate: Generate, when: datetime
) -> None:
    first = generate({"a.py": "1\n", "deep/b.py": "ä\n"}, main)
    second = generate({"a.py": "2\n"}, merge_into(repository, main, first, when))
    assert repository.ref(GENERATED) == second
    assert parents(repository, second) == (first,)
    assert parents(repository, first) == ()
    assert repository.show(first, "deep/b.py") == "ä\n".encode()
    assert repository.files(second) == ("a.py",)


def test_the_same_generation_again_is_the_same_commit(
    repository: Repository, main: str, generate: Generate, when: datetime
) -> None:
    first = generate({"a.py": "1\n"}, main)
    assert generate({"a.py": "1\n"}, main) == first
    assert generate({"a.py": "1\n"}, merge_into(repository, main, first, when)) == first


def test_what_an_abandoned_delivery_left_does_not_change_the_next_generation(
    repository: Repository, main: str, generate: Generate
) -> None:
    undisturbed = generate({"a.py": "2\n"}, main)
    generate({"a.py": "1\n"}, main)
    assert generate({"a.py": "2\n"}, main) == undisturbed


def test_a_fresh_clone_knows_the_last_generation(
    repository: Repository, main: str, generate: Generate, commit_files: Commit, when: datetime
) -> None:
    assert last_generation(repository, main) is None
    first = generate({"a.py": "1\n"}, main)
    branch = commit_files(merge_into(repository, main, first, when), {"b.py": "hand\n"})
    repository.git.run("update-ref", "-d", GENERATED)
    assert last_generation(repository, branch) == first


def test_a_message_that_speaks_of_generations_is_none(
    repository: Repository, main: str, generate: Generate, commit_files: Commit, when: datetime
) -> None:
    first = generate({"a.py": "1\n"}, main)
    tree = repository.tree_of(first)
    branch = commit_files(
        merge_into(repository, main, first, when), {"b.py": "x\n"}, f"Say\n\nCrew-Generation: {tree}"
    )
    assert last_generation(repository, branch) == first


def test_store_files_takes_odd_paths_and_contents(repository: Repository) -> None:
    files = {"a b/ü\t.txt": "", "-x": "\r\n\0", "q'\"": "x"}
    tree = store_files(repository, files)
    assert {path: repository.show(tree, path) for path in repository.files(tree)} == {
        path: text.encode() for path, text in files.items()
    }
    assert repository.files(store_files(repository, {})) == ()


def merge_into(repository: Repository, branch: str, generation: str, when: datetime) -> str:
    merged = merge_generation(repository, branch, generation)
    assert merged.conflicts == ()
    return repository.commit(merged.tree, (branch, generation), "Merge", agent("code"), when, Redactor(()))


def test_hand_edits_survive_generation_after_generation(
    repository: Repository, main: str, generate: Generate, commit_files: Commit, when: datetime
) -> None:
    branch = merge_into(repository, main, generate({"a.py": numbered(), "old.py": "x\n"}, main), when)
    branch = commit_files(branch, {"a.py": numbered((3, "by hand")), "mine.py": "hand\n"})
    branch = merge_into(
        repository, branch, generate({"a.py": numbered((20, "second")), "new.py": "y\n"}, branch), when
    )
    assert repository.files(branch) == ("a.py", "mine.py", "new.py")
    branch = merge_into(
        repository, branch, generate({"a.py": numbered((20, "second"), (28, "third"))}, branch), when
    )
    expected = numbered((3, "by hand"), (20, "second"), (28, "third"))
    assert repository.show(branch, "a.py") == expected.encode()


def test_a_generation_that_was_never_merged_is_no_obstacle(
    repository: Repository, main: str, generate: Generate, when: datetime
) -> None:
    branch = merge_into(repository, main, generate({"a.py": numbered()}, main), when)
    generate({"a.py": numbered((5, "abandoned")), "abandoned.py": "x\n"}, branch)
    branch = merge_into(repository, branch, generate({"a.py": numbered((6, "third"))}, branch), when)
    assert repository.show(branch, "a.py") == numbered((6, "third")).encode()
    assert repository.files(branch) == ("a.py",)


def test_conflict_names_the_line_of_the_file_on_the_branch(
    repository: Repository, main: str, generate: Generate, commit_files: Commit, when: datetime
) -> None:
    branch = merge_into(repository, main, generate({"a.py": numbered()}, main), when)
    branch = commit_files(branch, {"a.py": "added above\n" + numbered((25, "by hand"))})
    theirs = numbered((3, "line 3\nfirst\nsecond\nthird"), (25, "generated"))
    merged = merge_generation(repository, branch, generate({"a.py": theirs}, branch))
    (conflict,) = merged.conflicts
    assert conflict.file == "a.py"
    assert conflict.line == 26
    assert conflict.kind == "contents"
    assert (conflict.ours, conflict.theirs) == ("by hand\n", "generated\n")


def test_several_conflicts_in_one_file(repository: Repository) -> None:
    base, ours, theirs = (
        store_files(repository, {"a.py": text})
        for text in (
            numbered(),
            numbered((4, "ours 4"), (15, "ours 15\nours more"), (30, "ours 30")),
            numbered((4, "theirs 4"), (15, "theirs 15"), (30, "theirs 30")),
        )
    )
    found = merge_trees(repository, base, ours, theirs).conflicts
    assert [(each.line, each.ours) for each in found] == [
        (4, "ours 4\n"),
        (15, "ours 15\nours more\n"),
        (31, "ours 30\n"),
    ]


def test_our_side_of_a_conflict_may_be_empty(repository: Repository) -> None:
    lines = numbered().splitlines(keepends=True)
    base, ours, theirs = (
        store_files(repository, {"a.py": text})
        for text in ("".join(lines), "".join(lines[:9] + lines[10:]), numbered((10, "theirs")))
    )
    (conflict,) = merge_trees(repository, base, ours, theirs).conflicts
    assert (conflict.line, conflict.ours, conflict.theirs) == (10, "", "theirs\n")


def test_text_that_looks_like_markers_confuses_nobody(repository: Repository) -> None:
    def page(title: str) -> str:
        return f"<<<<<<< a\nHeading\n=======\n{title}\n=======\nmore {title}\n>>>>>>> b\nend\n"

    base, ours, theirs = (
        store_files(repository, {"a.md": page(text)}) for text in ("base", "ours", "theirs")
    )
    found = merge_trees(repository, base, ours, theirs).conflicts
    assert "".join(each.ours for each in found).count("=======") <= 1
    assert found[0].line == 4
    assert found[0].ours.startswith("ours\n")
    assert found[0].theirs.startswith("theirs\n")


def test_windows_line_ends(repository: Repository) -> None:
    base, ours, theirs = (
        store_files(repository, {"a.txt": f"one\r\n{text}\r\nthree\r\n"})
        for text in ("two", "ours", "theirs")
    )
    (conflict,) = merge_trees(repository, base, ours, theirs).conflicts
    assert (conflict.line, conflict.ours, conflict.theirs) == (2, "ours\r\n", "theirs\r\n")


def test_file_deleted_here_and_changed_there(repository: Repository) -> None:
    base, theirs = (store_files(repository, {"a.py": text}) for text in ("x = 1\n", "x = 2\n"))
    (conflict,) = merge_trees(repository, base, store_files(repository, {}), theirs).conflicts
    assert (conflict.file, conflict.line, conflict.kind) == ("a.py", 1, "modify/delete")
    assert (conflict.ours, conflict.theirs) == ("", "x = 2\n")


def test_file_added_on_both_sides(repository: Repository) -> None:
    ours, theirs = (store_files(repository, {"a.py": text}) for text in ("same\nours\n", "same\ntheirs\n"))
    (conflict,) = merge_trees(repository, None, ours, theirs).conflicts
    assert (conflict.line, conflict.ours, conflict.theirs) == (2, "ours\n", "theirs\n")


def test_binary_conflict(repository: Repository) -> None:
    base, ours, theirs = (store_files(repository, {"a": f"\0{text}"}) for text in ("base", "ours", "theirs"))
    (conflict,) = merge_trees(repository, base, ours, theirs).conflicts
    assert (conflict.file, conflict.line, conflict.kind) == ("a", 1, "contents")
    assert conflict.ours == "\0ours"


def test_changes_not_committed_yet_take_part(
    repository: Repository, main: str, generate: Generate, when: datetime
) -> None:
    branch = merge_into(repository, main, generate({"a.py": numbered()}, main), when)
    tree = store_files(repository, {"a.py": numbered((3, "by hand"))})
    merged = merge_generation(
        repository, branch, generate({"a.py": numbered((20, "second"))}, branch), tree=tree
    )
    assert repository.show(merged.tree, "a.py") == numbered((3, "by hand"), (20, "second")).encode()


def test_attributes_in_the_files_do_not_steer_the_merge(repository: Repository) -> None:
    base, ours, theirs = (
        store_files(repository, {"a.py": f"{text}\n", ".gitattributes": "* merge=union\n"})
        for text in ("base", "ours", "theirs")
    )
    assert len(merge_trees(repository, base, ours, theirs).conflicts) == 1
