"""Tools that review the committed change: security, secrets, dependencies, contract and migrations."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import BaseModel, JsonValue

from tools.blueprint.contract_diff import contract_changes
from tools.catalogue.policy_facts import dependency_facts
from tools.counting import counted
from tools.git import Changes
from tools.projects import pins
from tools.projects.dependencies import requirements, toolbox
from tools.projects.kind import is_existing_project
from tools.projects.trees import (
    branch_tree,
    changed_texts,
    changes_of,
    checked_out,
    repository,
    text_on_main,
    workspace_tree,
)
from tools.result import Finding, Tool, ToolResult, Workbench, as_data, success
from tools.scanners import ScanReport, destructive, is_migration, secrets, security
from tools.scanners.leaks import UNSCANNED
from tools.workspace.documents import InvalidDocument, parse_yaml

CONTRACT = "openapi.yaml"
MIGRATIONS = "migrations/versions/"
_NO_ROUTES = ("tests/", "migrations/")
MOST_NAMED = 10
"""Maximum number of new dependencies named in a result; the artifact lists all of them, with their licences."""


class ScanCode(BaseModel, extra="forbid"):
    """Scan the code of the committed tree for vulnerabilities."""


class ScanSecrets(BaseModel, extra="forbid"):
    """Scan what the change adds for secrets."""


class CheckDependencies(BaseModel, extra="forbid"):
    """Check the names, versions and licences of new dependencies."""


class CheckContract(BaseModel, extra="forbid"):
    """Report contract changes that break clients, and migrations that destroy data, relative to the main branch."""


class ContractFindings(BaseModel, frozen=True, extra="forbid"):
    """Contract changes that a person has to decide on, one sentence each."""

    breaking: tuple[str, ...] = ()
    incomparable: tuple[str, ...] = ()


def scan_code(bench: Workbench, arguments: ScanCode) -> ToolResult:
    """Return the counts by severity, and the high and medium findings, for the workspace's tree."""
    tree = workspace_tree(bench)
    with checked_out(bench, tree) as clean:
        report = security(bench.sandbox, toolbox(bench), clean.workspace)
    before = len(report.findings)
    existing = is_existing_project(bench)
    if existing:
        report = _of_change(report, changes_of(bench, tree))
    high = [each for each in report.findings if each.severity == "high"]
    medium = [each for each in report.findings if each.severity == "medium"]
    findings = [
        Finding(
            severity="blocking" if each.severity == "high" else "warning",
            what=f"{each.rule}: {each.what}",
            file=each.file,
            line=each.line,
        )
        for each in (*high, *medium)
    ]
    data: dict[str, JsonValue] = {
        "tree": tree,
        "high": len(high),
        "medium": len(medium),
        "low": len(report.findings) - len(high) - len(medium),
        "skipped": len(report.skipped),
        "findings": as_data(findings),
    }
    said = f"The security scan has {len(high)} high and {counted(len(medium), 'medium finding')}."
    if existing:
        data["elsewhere"] = left = before - len(report.findings)
        said += f" {left} on unchanged lines {'is' if left == 1 else 'are'} left out."
    return ToolResult(ok=True, code="ok", summary=said, data=data)


def _of_change(report: ScanReport, changes: Changes) -> ScanReport:
    """Return only the findings on changed lines, as a change need not fix problems that existed before."""
    lines = {each.path: each.lines for each in changes.files}
    found = [
        each
        for each in report.findings
        if any(
            min(each.line, each.span[0] or each.line) <= last and first <= max(each.line, each.span[1])
            for first, last in lines.get(each.file, ())
        )
    ]
    # Findings about ".", which stands for the whole scan, are always kept.
    skipped = [each for each in report.skipped if each.partition(": ")[0] in {".", *lines}]
    return report.model_copy(update={"findings": tuple(found), "skipped": tuple(skipped)})


def scan_secrets(bench: Workbench, arguments: ScanSecrets) -> ToolResult:
    """Return the location and kind of each secret, but never the secret itself."""
    findings = [
        Finding(
            severity="blocking",
            what=f"There is a secret ({each.kind}). Remove it, and revoke it if it was ever used.",
            file=each.file,
            line=each.line,
        )
        if each.kind != UNSCANNED
        else Finding(
            severity="warning",
            what="The change is too large for this file to be scanned for secrets. A person is asked at the merge.",
            file=each.file,
        )
        for each in secrets(changed_texts(bench, branch_tree(bench)))
    ]
    known = [each for each in findings if each.severity == "blocking"]
    number = counted(len(known), "secret is", "secrets are") if known else "No secret is"
    said = f"{number} in the change."
    if len(findings) > len(known):
        said += f" {counted(len(findings) - len(known), 'file')} could not be scanned."
    return success(said, findings=as_data(findings))


def check_dependencies(bench: Workbench, arguments: CheckDependencies) -> ToolResult:
    """Return the new dependencies, and a finding for each that is not pinned."""
    if is_existing_project(bench) and pins.stored_pins(bench) is None:
        said = (
            "The requirements have not been resolved yet; the merge will be judged by what they resolve to."
        )
        return success(said, code="not_known", findings=[])
    facts = dependency_facts(bench, requirements(bench))
    added, unpinned = facts["added"], facts["unpinned"]
    names = sorted(added) if isinstance(added, dict) else []
    loose = [str(each) for each in unpinned] if isinstance(unpinned, list) else []
    findings = [
        Finding(
            severity="blocking",
            what=f"The requirement {each!r} is not one pinned release.",
            file="requirements.txt",
        )
        for each in loose
    ]
    number = counted(len(names), "dependency is", "dependencies are") if names else "No dependency is"
    licences = facts["licences"] if isinstance(facts["licences"], dict) else {}
    return success(
        f"{number} new.",
        artifacts={"dependencies": bench.artifacts.put(json.dumps(facts, sort_keys=True).encode())},
        new=[*names[:MOST_NAMED]],
        licences=[*sorted(licences)],
        findings=as_data(findings),
    )


def check_contract(bench: Workbench, arguments: CheckContract) -> ToolResult:
    """Return the changes that break clients or destroy data, and the differences between code and contract.

    These are breaking contract changes, migration statements that do more than add, and routes of a generated project
    that only its code or only its contract has.
    """
    tree = branch_tree(bench)
    contract, destroys = contract_findings(bench, tree), destructive_migrations(bench, tree)
    breaks, unknown = contract.breaking, contract.incomparable
    findings = [Finding(severity="warning", what=each, file=CONTRACT) for each in (*breaks, *unknown)]
    findings += [Finding(severity="warning", what=each, file=MIGRATIONS) for each in destroys]
    broken = counted(len(breaks), "change breaks", "changes break")
    more = counted(len(destroys), "statement of a migration does", "statements of migrations do")
    said = f"{broken} the contract and {more} more than add; those need a person."
    if unknown:
        said += (
            f" {counted(len(unknown), 'change')} of the contract cannot be compared; a person has to decide."
        )
    if not breaks and not unknown and not destroys:
        said = "The contract changes are additive, and no migration destroys data."
        if repository(bench).show(tree, CONTRACT) is None:
            said = f"The change has no {CONTRACT} and no generated migration, so there is nothing to compare."
    differing = route_findings(bench, tree)
    if differing:
        said += f" Code and contract differ in {counted(len(differing), 'route')}."
    return success(said, findings=as_data([*differing, *findings]))


def route_findings(bench: Workbench, tree: str) -> list[Finding]:
    """Return a blocking finding for each route that only the code or only the contract of a generated project has."""
    if is_existing_project(bench):
        return []
    from tools.stacks.fastapi.declared_routes import route_problems  # noqa: PLC0415  needed by few commands

    held = repository(bench)
    code = [path for path in held.files(tree) if path.endswith(".py") and not path.startswith(_NO_ROUTES)]
    try:
        contract = parse_yaml(held.text(tree, CONTRACT) or "")
    except InvalidDocument:
        contract = None
    problems = route_problems({path: held.text(tree, path) or "" for path in code}, contract)
    return [Finding(severity="blocking", what=each.what, file=each.file, line=each.line) for each in problems]


def contract_findings(bench: Workbench, tree: str) -> ContractFindings:
    """Return the contract changes of a tree, relative to the main branch, that a person has to decide on."""
    old, new = text_on_main(bench, CONTRACT), repository(bench).show(tree, CONTRACT)
    if old is None:
        return ContractFindings()
    if new is None:
        return ContractFindings(breaking=(f"{CONTRACT} was deleted.",))
    try:
        changes = contract_changes(parse_yaml(old), parse_yaml(new.decode()))
    except (ValueError, RecursionError) as error:
        if old.encode() == new:
            return ContractFindings()
        return ContractFindings(
            incomparable=(f"{CONTRACT} cannot be compared: {' '.join(str(error).split())}.",)
        )
    return ContractFindings(
        breaking=tuple(f"{each.where}: {each.what}" for each in changes if each.kind == "breaking"),
        incomparable=tuple(f"{each.where}: {each.what}" for each in changes if each.kind == "incomparable"),
    )


def destructive_migrations(bench: Workbench, tree: str) -> Sequence[str]:
    """Return one sentence for each way in which a tree's new or changed migrations do more than add."""
    deleted = "the migration was deleted; databases that ran it cannot be migrated further."
    held = repository(bench)
    base = held.base_commit()
    found: list[str] = []
    for path in (each.path for each in changes_of(bench, tree).files):
        source, before = held.show(tree, path), held.show(base, path)
        if is_migration(path, source or before or b""):
            problems = [deleted] if source is None else destructive(source)
            found += [f"{path}: {problem}" for problem in problems]
    return found


TOOLS = (
    Tool("scan_code", "execute", ScanCode, scan_code, roles=("governance",)),
    Tool("scan_secrets", "read", ScanSecrets, scan_secrets, roles=("governance",)),
    Tool("check_dependencies", "read", CheckDependencies, check_dependencies, roles=("governance",)),
    Tool("check_contract", "read", CheckContract, check_contract, roles=("governance",)),
)
