from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.tools.git.conftest import commits, has, parents
from tools.errors import RepositoryError
from tools.git import Repository, agent, diff, story_branch
from tools.redaction import Redactor

Commit = Callable[..., str]
Git = Callable[..., str]


@pytest.fixture
def main(repository: Repository) -> str:
    return repository.required("refs/heads/main")


def test_commit_has_the_agent_as_author_and_the_person_as_committer(
    repository: Repository, main: str, commit_files: Commit, git: Git
) -> None:
    made = commit_files(main, {"a.txt": "x\n"}, "Add a\n\nBecause the story asks for it.")
    assert git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%at|%ct", made) == (
        "code agent <code@shipcrew.invalid>|Pat Person <pat@example.com>|1767323045|1767323045"
    )
    assert repository.message(made) == "Add a\n\nBecause the story asks for it.\n"
    assert parents(repository, made) == (main,)


def test_the_same_commit_again_is_the_same_commit(
    repository: Repository, main: str, commit_files: Commit
) -> None:
    assert commit_files(main, {"a.txt": "x\n"}) == commit_files(main, {"a.txt": "x\n"})
    assert commit_files(main, {"a.txt": "x\n"}) != commit_files(main, {"a.txt": "y\n"})


def test_committing_moves_nothing(repository: Repository, main: str, commit_files: Commit, git: Git) -> None:
    before = git("for-each-ref")
    commit_files(main, {"a.txt": "x\n"})
    assert git("for-each-ref") == before


def test_probe_of_a_commit(repository: Repository, main: str) -> None:
    assert has(repository, main)
    assert not has(repository, "0" * 39 + "1")


@pytest.mark.parametrize("text", ["HEAD", "main", "--help", "", "abc", "A" * 40, "0" * 41])
def test_only_full_ids_are_ids(repository: Repository, text: str) -> None:
    for use in (repository.tree_of, repository.files, repository.message, repository.blob):
        with pytest.raises(RepositoryError, match="full id"):
            use(text)


@pytest.mark.parametrize("name", ["main", "--all", "refs/heads/a b", "refs/../x", "refs/heads/x^{commit}"])
def test_only_full_refs_are_refs(repository: Repository, name: str) -> None:
    with pytest.raises(RepositoryError, match="full ref name"):
        repository.ref(name)


def test_message_with_nul(repository: Repository, main: str, when: datetime) -> None:
    with pytest.raises(RepositoryError, match="NUL"):
        repository.commit(repository.tree_of(main), (main,), "a\0b", agent("code"), when, Redactor(()))


class TestUpdateRef:
    def test_compare_and_swap(self, repository: Repository, main: str, commit_files: Commit) -> None:
        name, work = story_branch("S"), commit_files(main, {"a.txt": "x\n"})
        repository.update_ref(name, main, None)
        with pytest.raises(RepositoryError, match="meanwhile"):
            repository.update_ref(name, work, None)
        with pytest.raises(RepositoryError, match="meanwhile"):
            repository.update_ref(name, work, work[::-1])
        assert repository.ref(name) == main
        repository.update_ref(name, work, main)
        assert repository.ref(name) == work

    def test_again_is_harmless(self, repository: Repository, main: str) -> None:
        for _ in range(2):
            repository.update_ref(story_branch("S"), main, None)

    @pytest.mark.parametrize("name", ["refs/heads/main", "refs/heads/other", "refs/tags/v1", "refs/crewed/x"])
    def test_other_refs_are_not_ours(
        self, repository: Repository, main: str, commit_files: Commit, name: str
    ) -> None:
        work = commit_files(main, {"a.txt": "x\n"})
        with pytest.raises(RepositoryError, match="may not move"):
            repository.update_ref(name, work, repository.ref(name))

    def test_a_branch_that_the_person_has_checked_out_stays(
        self, repository: Repository, main: str, commit_files: Commit, git: Git
    ) -> None:
        git("switch", "-q", "-c", "crew/S")
        with pytest.raises(RepositoryError, match="checked out"):
            repository.update_ref("refs/heads/crew/S", commit_files(main, {"a.txt": "x\n"}), main)

    def test_a_branch_in_the_way(self, repository: Repository, main: str, git: Git) -> None:
        git("branch", "crew")
        with pytest.raises(RepositoryError, match="refs/heads/crew"):
            repository.start_story("S")


def test_show_and_files(repository: Repository, main: str, commit_files: Commit) -> None:
    made = commit_files(main, {"b/c d.txt": "two\n", "ä.txt": "one\n", "*.txt": "star\n"})
    assert repository.files(made) == ("*.txt", "b/c d.txt", "ä.txt")
    assert repository.show(made, "b/c d.txt") == b"two\n"
    assert repository.show(made, "*.txt") == b"star\n"
    for path in ("b", "missing", "../x", "?.txt", "b/", ":/"):
        assert repository.show(made, path) is None


def test_anchor(repository: Repository) -> None:
    assert repository.read_anchor("d/1") is None
    first = repository.anchor("d/1", '{"head": "ä"}\n')
    assert repository.read_anchor("d/1") == '{"head": "ä"}\n'
    assert has(repository, first)
    repository.anchor("d/1", "second")
    repository.anchor("d/2", "other")
    assert repository.read_anchor("d/1") == "second"


def test_history_stays_readable_for_the_persons_git(repository: Repository, git: Git) -> None:
    repository.anchor("d1", "text")
    assert "Start the repository" in git("log", "--all", "--oneline")
    git("fsck", "--strict")
    git("gc", "-q")
    assert repository.read_anchor("d1") == "text"
    repository.anchor("d1", "after packing")
    assert repository.read_anchor("d1") == "after packing"


def test_ancestry(repository: Repository, main: str, commit_files: Commit) -> None:
    one, other = commit_files(main, {"a": "1"}), commit_files(main, {"b": "1"})
    assert repository.is_ancestor(main, one)
    assert not repository.is_ancestor(one, other)
    assert repository.merge_base(one, other) == main
    assert commits(repository, main, one) == (one,)


class TestDiff:
    def test_lines_and_files(self, repository: Repository, main: str, commit_files: Commit) -> None:
        old = commit_files(main, {"a.py": "".join(f"{n}\n" for n in range(1, 21)), "gone.py": "x\ny\n"})
        lines = [f"{n}\n" for n in range(1, 21)]
        lines[1], lines[9:11] = "two\n", []
        text = "".join(lines) + "@@ -1 +1 @@\nlast\n"
        new = commit_files(old, {"a.py": text, "gone.py": None, "new dir/ä.py": "diff --git a/x b/x\n"})
        changes = diff(repository, old, new)
        found = {each.path: each for each in changes.files}
        assert {path: each.status for path, each in found.items()} == {
            "a.py": "modified",
            "gone.py": "deleted",
            "new dir/ä.py": "added",
        }
        assert found["a.py"].lines == ((2, 2), (19, 20))
        assert (found["a.py"].added, found["a.py"].removed) == (3, 3)
        assert found["gone.py"].lines == ()
        assert found["gone.py"].removed == 2
        assert found["new dir/ä.py"].lines == ((1, 1),)
        assert "-2\n+two\n" in changes.text

    def test_nothing(self, repository: Repository, main: str) -> None:
        assert diff(repository, main, main).files == ()
        assert diff(repository, main, main).text == ""

    def test_binary_and_kind_changes(
        self, repository: Repository, main: str, commit_files: Commit, git: Git, folder: object
    ) -> None:
        from pathlib import Path

        place = Path(str(folder))
        (place / "picture").write_bytes(b"\0\1\2")
        (place / "z.py").write_text("1\n")
        (place / "link").write_text("text\n")
        (place / "run.sh").write_text("x\n")
        git("add", "-A")
        git("commit", "-q", "-m", "one")
        old = git("rev-parse", "HEAD")
        (place / "picture").write_bytes(b"\0\1\3")
        (place / "z.py").write_text("2\n")
        (place / "link").unlink()
        (place / "link").symlink_to("z.py")
        (place / "run.sh").chmod(0o755)
        git("add", "-A")
        git("commit", "-q", "-m", "two")
        found = {each.path: each.lines for each in diff(repository, old, git("rev-parse", "HEAD")).files}
        assert found == {"link": ((1, 1),), "picture": (), "run.sh": (), "z.py": ((1, 1),)}
