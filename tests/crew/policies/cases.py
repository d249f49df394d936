"""Calls that the policies object to: for every rule what makes it fire, and what comes close.

What is said to each stands in sentences.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tests.crew.policies.calls import GONE, HOME, KNOWN, Call, changed

OWN_DENIAL = """deny contains finding if {
	input.tool == "merge"
	finding := {"rule": "extra.freeze", "reason": ["Nothing is merged on ", ["Friday", "Saturday"], "."]}
}
"""
OWN_QUESTION = """ask contains finding if {
	input.tool == "merge"
	finding := {"rule": "extra.look", "reason": "Somebody should look.", "answerable": true}
}
"""


@dataclass(frozen=True)
class Case:
    """A call and what it leads to."""

    name: str
    call: Call
    rules: tuple[str, ...]
    """Ids of the rules that fire, in alphabetical order, once for each finding."""
    outcome: Literal["allow", "deny", "ask"] = "deny"
    answerable: bool = False
    extra: str = field(default="", repr=False)
    """Rules of a user's own."""


def path(text: object, resolved: object = None, **more: object) -> Call:
    """A call of read_file on a path that leads to where it says."""
    facts = {"workspace": HOME, "paths": [{"text": text, "resolved": resolved or f"{HOME}/{text}"}]}
    return changed("read_file", arguments={"path": text}, facts=facts | KNOWN | more)


def merge(**facts: object) -> Call:
    """The merge with facts, or members of facts, replaced."""
    return changed("merge", **{f"facts__{name}": value for name, value in facts.items()})


def asking(name: str, call: Call, *rules: str, answerable: bool = False, extra: str = "") -> Case:
    """A case that ends in a question."""
    return Case(name, call, rules, "ask", answerable, extra)


CALLS = [
    Case("no call at all", {}, (*("call.form",) * 8, "reason.rationale", "role.unknown", "tool.unknown")),
    Case("no delivery", changed("run_tests", delivery=GONE), ("call.form",)),
    Case("arguments are a list", changed("run_tests", arguments=[]), ("call.form",)),
    Case("rationale is a number", changed("run_tests", rationale=1), ("call.form", "reason.rationale")),
    Case("evidence is a text", changed("run_tests", evidence="a-1"), ("call.form",)),
    Case(
        "no facts about paths",
        changed("read_file", facts=KNOWN),
        ("facts.missing", "facts.missing", "paths.unresolved"),
    ),
    Case("secrets are a text", changed("comment", facts__secrets="none"), ("facts.missing",)),
    Case("no rationale", changed("run_tests", rationale=" \n "), ("reason.rationale",)),
    Case("unknown evidence", changed("run_tests", evidence=["a-1", "a-2", "a-3"]), ("reason.evidence",) * 2),
    Case(
        "nothing known of evidence",
        changed("run_tests", facts={"rationale_letters": 9}),
        ("reason.evidence",),
    ),
    Case("too few letters", changed("run_tests", facts__rationale_letters=2), ("reason.rationale",)),
    Case("letters not counted", changed("run_tests", facts__rationale_letters=GONE), ("reason.rationale",)),
    Case("letters as a text", changed("run_tests", facts__rationale_letters="9"), ("reason.rationale",)),
    Case("no evidence", changed("run_tests", evidence=[]), (), "allow"),
]
ROLES = [
    Case("unknown role", changed("run_tests", role="root"), ("role.unknown",)),
    Case("unknown tool", changed("run_tests", tool="run_shell"), ("tool.unknown",)),
    Case("a role as a member of roles", changed("run_tests", role="testing.effects"), ("role.unknown",)),
    Case("somebody else's tool", changed("run_mutants", role="code"), ("role.tool",)),
    Case("a command by another role", changed("run_command", role="governance"), ("role.tool",)),
    Case("an agent merges", changed("merge", role="code"), ("role.tool",)),
    Case("the crew runs tests", changed("run_tests", role="crew"), ("role.tool",)),
    Case(
        "the code agent keeps examples",
        changed("keep_examples", role="code"),
        ("role.tool",),
    ),
    Case("examples on main", changed("write_examples", facts__branch="main"), ("branch.protected",)),
    Case(
        "a secret in an example",
        changed(
            "write_examples", facts__secrets=[{"kind": "AWS key", "file": "the example tests", "line": 1}]
        ),
        ("secret.found",),
    ),
    Case("a lie about the effect", changed("install_dependencies", effect="read"), ("tool.effect",)),
    Case(
        "a role without the effect",
        changed("comment", role="cost", effect="read"),
        ("role.effect", "role.tool", "tool.effect"),
    ),
    Case("tests with network", changed("run_tests", effect="network"), ("effect.network", "tool.effect")),
    Case(
        "a version that nobody merged",
        changed("start_service", facts__merged=False),
        ("production.unmerged",),
    ),
    Case(
        "production by code",
        changed("start_service", role="code"),
        ("effect.production", "role.effect", "role.tool"),
    ),
    Case(
        "production through a back door",
        changed("commit", effect="production"),
        ("effect.production", "role.effect", "tool.effect"),
    ),
]
PATHS = [
    Case(
        "a path that nobody resolved", changed("read_file", arguments={"path": "b.py"}), ("paths.unresolved",)
    ),
    Case(
        "one of several",
        changed("read_file", arguments={"paths": ["app/main.py", "b.py"]}),
        ("paths.unresolved",),
    ),
    Case(
        "a path resolved to nothing",
        changed("read_file", facts__paths=[{"text": "app/main.py"}]),
        ("paths.outside", "paths.unresolved"),
    ),
    Case("an absolute path", path("/etc/passwd", "/etc/passwd"), ("paths.outside", "paths.text")),
    Case("an absolute path inside", path(f"{HOME}/a.py", f"{HOME}/a.py"), ("paths.text",)),
    Case(
        "climbing out", path("../../ledger.db", "/home/me/.crew/ledger.db"), ("paths.outside", "paths.text")
    ),
    Case("climbing within", path("app/../a.py", f"{HOME}/a.py"), ("paths.text",)),
    Case("an unresolved climb", path("a", f"{HOME}/../a"), ("paths.outside",)),
    Case("a neighbour with the same beginning", path("a", f"{HOME}-2/a"), ("paths.outside",)),
    Case("a link out", path("app/link", "/etc/shadow"), ("paths.outside",)),
    Case("no workspace", path("a.py", "/a.py", workspace=""), ("paths.outside",)),
    Case("home", path("~/.ssh/config", f"{HOME}/~/.ssh/config"), ("paths.text",)),
    Case("a drive", path("C:x"), ("paths.text",)),
    Case("a backslash", path("..\\x"), ("paths.text",)),
    Case("a line end", path("a\n.py"), ("paths.text",)),
    Case("a NUL", path("a.py\0.txt"), ("paths.text",)),
    Case("an escape", path("a\\u002e\\u002e/x"), ("paths.text",)),
    Case("no path", path("", HOME), ("paths.text",)),
    Case("a number", path(7, HOME), ("paths.text",)),
    Case("a long path", path("a/" * 501, f"{HOME}/a"), ("paths.text",)),
    Case("git", path(".git/config"), ("paths.git",)),
    Case("git below", path("vendor/.GIT/hooks/pre-commit"), ("paths.git",)),
    Case("git's short name", path("GIT~1/config"), ("paths.git",)),
    Case("git's own settings in the tree", path(".gitignore"), (), "allow"),
    Case("secrets by name", path("config/.env"), ("paths.secret_file",)),
    Case("secrets by ending", path("certificates/Server.KEY"), ("paths.secret_file",)),
    Case("an example of secrets", path(".env.example"), (), "allow"),
    Case(
        "an argument of a tool for something else",
        changed("run_tests", arguments={"files": ["../x"]}),
        ("paths.text", "paths.unresolved"),
    ),
]
BRANCHES = [
    Case("commit to main", changed("commit", facts__branch="main"), ("branch.protected",)),
    Case("commit to Main", changed("commit", facts__branch="Main"), ("branch.protected",)),
    Case("commit to a release", changed("commit", facts__branch="release/1.2"), ("branch.protected",)),
    Case(
        "commit to a configured branch",
        changed("commit", facts__branch="Stable", facts__protected_branches=["stable"]),
        ("branch.protected",),
    ),
    Case("pull request from main", changed("open_pull_request", facts__branch="main"), ("branch.protected",)),
    Case("merge of main", merge(branch="master"), ("branch.protected",)),
    Case("generate on main", changed("generate_service", facts__branch="main"), ("branch.protected",)),
    Case("an argument says main", changed("commit", arguments={"branch": "main"}), ("branch.protected",)),
    Case(
        "an argument says where to push", changed("commit", arguments={"ref": "HEAD:main"}), ("branch.name",)
    ),
    Case("a full ref", changed("commit", facts__branch="refs/heads/main"), ("branch.name",)),
    Case("an option", changed("commit", facts__branch="--force"), ("branch.name",)),
    Case("no branch", changed("commit", facts__branch=""), ("branch.name",)),
    Case("a branch that begins like main", changed("commit", facts__branch="mainline"), (), "allow"),
    Case("a tool that writes to no branch", changed("run_tests", arguments={"branch": "main"}), (), "allow"),
]
DEPENDENCIES = [
    Case(
        "nothing is known", changed("install_dependencies", facts__dependencies={}), ("dependency.facts",) * 3
    ),
    Case(
        "licences of nothing",
        changed("install_dependencies", facts__dependencies__licences={"GPL": None}),
        ("dependency.facts",),
    ),
    Case(
        "not pinned",
        changed("install_dependencies", facts__dependencies__unpinned=["fastapi>=0.1", "-r x.txt"]),
        ("dependency.unpinned",) * 2,
    ),
    Case(
        "unknown packages",
        changed("install_dependencies", facts__dependencies__added={"evil==1.0": True, "bad==2": True}),
        ("dependency.unknown",) * 2,
    ),
    Case(
        "another version",
        changed("install_dependencies", facts__dependencies__added={"fastapi==0.2.0": True}),
        ("dependency.version",),
    ),
    Case(
        "listed under a licence that is not allowed",
        changed("install_dependencies", facts__dependencies__added={"readline==1.0": True}),
        ("dependency.licence",),
    ),
    Case(
        "another licence than was thought",
        changed("install_dependencies", facts__dependencies__licences={"SSPL-1.0": ["fastapi==0.1.0"]}),
        ("dependency.licence",),
    ),
    Case(
        "both licences at once",
        changed(
            "install_dependencies", facts__dependencies__licences={"MIT AND SSPL-1.0": ["fastapi==0.1.0"]}
        ),
        ("dependency.licence",),
    ),
    Case(
        "brackets in a licence",
        changed(
            "install_dependencies", facts__dependencies__licences={"X AND (MIT OR Y)": ["fastapi==0.1.0"]}
        ),
        ("dependency.licence",),
    ),
    Case(
        "a choice of licences",
        changed(
            "install_dependencies", facts__dependencies__licences={"GPL-2.0-only OR MIT": ["fastapi==0.1.0"]}
        ),
        (),
        "allow",
    ),
    Case(
        "two good licences",
        changed("install_dependencies", facts__dependencies__licences={"ISC AND MIT": ["fastapi==0.1.0"]}),
        (),
        "allow",
    ),
    Case(
        "a merge that adds a package", merge(dependencies__added={"evil==1.0": True}), ("dependency.unknown",)
    ),
]
PROTECTED = [
    Case("a test is written over", changed("write_file", facts__protected=True), ("tests.protected",)),
    Case("a test is edited", changed("edit_file", facts__protected=True), ("tests.protected",)),
    Case("a test is deleted", changed("delete_file", facts__protected=True), ("tests.protected",)),
    Case(
        "a commit changes two protected tests",
        changed("commit", facts__altered_protected=["tests/test_a.py", "tests/test_b.py"]),
        ("tests.protected_tree",) * 2,
    ),
    Case(
        "nobody compared protected tests",
        changed("commit", facts__altered_protected=GONE),
        ("facts.missing",),
    ),
    Case("nobody looked whose test it is", changed("edit_file", facts__protected=GONE), ("facts.missing",)),
]
SECRETS = [
    Case(
        "a secret in a file",
        changed("write_file", facts__secrets=[{"kind": "AWS key", "file": "a.py", "line": 3}]),
        ("secret.found",),
    ),
    Case(
        "secrets in a commit",
        changed("commit", facts__secrets=[{"kind": "JWT", "file": "b.py", "line": 1}, {"kind": "key"}]),
        ("secret.found",) * 2,
    ),
    Case("a secret in a comment", changed("comment", facts__secrets=[{}]), ("secret.found",)),
    Case(
        "a long file in a commit",
        changed("commit", facts__secrets=[{"kind": "not scanned", "file": "a.csv", "line": 1}]),
        (),
        "allow",
    ),
    Case(
        "a secret beside a long file",
        changed("commit", facts__secrets=[{"kind": "not scanned", "file": "a.csv"}, {"kind": "key"}]),
        ("secret.found",),
    ),
    Case("a long comment", changed("comment", facts__secrets=[{"kind": "not scanned"}]), ("secret.found",)),
    Case(
        "a secret in a merge", merge(secrets=[{"kind": "JWT", "file": "b.py", "line": 1}]), ("secret.found",)
    ),
]
MERGES = [
    Case("tests of another tree", merge(tests__tree="f" * 40), ("merge.tests_tree",)),
    Case(
        "no tests",
        merge(tests={}),
        (
            "merge.tests_failed",
            "merge.tests_none",
            "merge.tests_partial",
            "merge.tests_tree",
            "merge.uncited",
        ),
    ),
    Case("failed tests", merge(tests__failed=2), ("merge.tests_failed",)),
    Case("broken tests", merge(tests__errors=1), ("merge.tests_failed",)),
    Case("failures unknown", merge(tests__failed=GONE), ("merge.tests_failed",)),
    Case("no test passed", merge(tests__passed=0), ("merge.tests_none",)),
    Case("passes are a text", merge(tests__passed="many"), ("merge.tests_none",)),
    Case("some tests only", merge(tests__complete=False), ("merge.tests_partial",)),
    Case("a scan of another tree", merge(scan__tree="f" * 40), ("merge.scan_tree",)),
    Case(
        "no tree",
        merge(head_tree="", tests__tree="", scan__tree="", lint__tree=""),
        ("merge.lint_tree", "merge.scan_tree", "merge.tests_tree"),
    ),
    Case("grave findings", merge(scan__high=1), ("merge.scan_high",)),
    Case("files that were not scanned", merge(scan__skipped=3), ("merge.scan_skipped",)),
    Case("another test run than cited", merge(tests__action="a-6"), ("merge.uncited",)),
    Case("another scan than cited", changed("merge", evidence=["a-7", "a-9"]), ("merge.uncited",)),
    Case(
        "no scan",
        merge(scan={}),
        ("merge.scan_high", "merge.scan_skipped", "merge.scan_tree", "merge.uncited"),
    ),
    Case("linters of another tree", merge(lint__tree="f" * 40), ("merge.lint_tree",)),
    Case("types that do not fit", merge(lint__count=2), ("merge.lint_failed",)),
    Case("problems unknown", merge(lint__count=GONE), ("merge.lint_failed",)),
    Case("other linters than cited", merge(lint__action="a-6"), ("merge.uncited",)),
    Case(
        "no linters",
        merge(lint=GONE),
        ("facts.missing", "merge.lint_failed", "merge.lint_tree", "merge.uncited"),
    ),
    Case(
        "agents object",
        merge(objections=["The governance agent: app/a.py:3: it logs tokens.", "The code agent: no."]),
        ("merge.objection",) * 2,
    ),
    Case("an objection of another form", merge(objections=[{}]), ("merge.objection",)),
    Case("nobody asked for objections", merge(objections=GONE), ("facts.missing",)),
    Case("an objection and a question", merge(objections=["No."], scan__medium=1), ("merge.objection",)),
]
QUESTIONS = [
    asking("no mutant was noticed", merge(mutants__noticed=0), "mutants.unnoticed", answerable=True),
    asking("noticed mutants unknown", merge(mutants={}), "mutants.unnoticed", answerable=True),
    asking("more noticed than judged", merge(mutants__judged=1), "mutants.unnoticed", answerable=True),
    Case("no mutant was made", merge(mutants={"judged": 0, "noticed": 0}), (), "allow"),
    asking(
        "a linter did not run",
        merge(lint__unchecked=["mypy could not check the code: killed."]),
        "lint.unchecked",
        answerable=True,
    ),
    asking(
        "nobody knows whether linters ran", merge(lint__unchecked=GONE), "lint.unchecked", answerable=True
    ),
    asking("findings of medium severity", merge(scan__medium=2), "scan.medium", answerable=True),
    asking("medium findings unknown", merge(scan__medium=GONE), "scan.medium", answerable=True),
    asking(
        "a breaking change",
        merge(contract__breaking=["GET /orders is gone.", "Order.total is gone."]),
        *("contract.breaking",) * 2,
    ),
    asking(
        "a change of the contract that cannot be compared",
        merge(contract__incomparable=["POST /orders: The `if` of the request body cannot be compared."]),
        "contract.incomparable",
    ),
    asking("nobody knows what was compared", merge(contract__incomparable=GONE), "contract.incomparable"),
    asking(
        "a test is taken away",
        merge(altered_tests=["tests/test_a.py is deleted."]),
        "tests.altered",
        answerable=True,
    ),
    asking(
        "a test expects something else",
        merge(
            altered_tests=["tests/test_a.py:5: test_a expects something else: `x == 6` instead of `x == 5`."]
        ),
        "tests.altered",
        answerable=True,
    ),
    asking(
        "a file was not scanned",
        merge(secrets=[{"kind": "not scanned", "file": "a.csv", "line": 1}]),
        "secret.unscanned",
    ),
    asking("a pipeline changes", merge(guarding=[".github/workflows/ci.yml"]), "guarding.changed"),
    Case("nobody looked for pipelines", merge(guarding=GONE), ("facts.missing",)),
    asking(
        "a test was broken before",
        merge(tests__failed_before=["tests/test_a.py::test_net"]),
        "tests.failed_before",
        answerable=True,
    ),
    Case("nobody compared the tests", merge(altered_tests=GONE), ("facts.missing",)),
    asking("nobody compared contracts", merge(contract={}), "contract.breaking", "contract.incomparable"),
    asking(
        "a destructive migration",
        merge(migrations__destructive=["0003.py drops the column orders.total."]),
        "migration.destructive",
    ),
    asking("nobody read migrations", merge(migrations={}), "migration.destructive"),
    asking(
        "several questions",
        merge(scan__medium=1, contract__breaking=["GET /orders is gone."]),
        "contract.breaking",
        "scan.medium",
    ),
    asking(
        "several questions, one of them for a person alone",
        merge(scan__medium=1, migrations__destructive=["0003.py drops the column orders.total."]),
        "migration.destructive",
        "scan.medium",
    ),
    Case("a question and a denial", merge(scan__medium=1, tests__failed=1), ("merge.tests_failed",)),
]
OWN = [
    Case("an own denial", merge(), ("extra.freeze",), extra=OWN_DENIAL),
    Case(
        "an own denial beside ours",
        merge(scan__high=1),
        ("extra.freeze", "merge.scan_high"),
        extra=OWN_DENIAL,
    ),
    asking("an own question", merge(), "extra.look", answerable=True, extra=OWN_QUESTION),
    asking(
        "an own question beside ours",
        merge(contract__breaking=["GET /orders is gone."]),
        "contract.breaking",
        "extra.look",
        extra=OWN_QUESTION,
    ),
]
CASES = [*CALLS, *ROLES, *PATHS, *BRANCHES, *DEPENDENCIES, *PROTECTED, *SECRETS, *MERGES, *QUESTIONS, *OWN]
