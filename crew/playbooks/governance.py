"""The governance playbook, which runs four checks on the committed tree and passes on their findings unchanged."""

from __future__ import annotations

from crew.agents.answers import AnyAnswer, Finding, Review
from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script, Seen, blocking
from tools.counting import counted

_LOOKS = (
    (
        "scan_code",
        "Nothing is merged without a security scan of exactly that tree, so bandit scans it first.",
    ),
    (
        "scan_secrets",
        "A secret that reaches the history stays there, so every changed line is checked first.",
    ),
    (
        "check_dependencies",
        "What the service depends on runs with its privileges: names, versions and licences are checked.",
    ),
    ("check_contract", "Clients may rely on the previous contract, and the service on its stored data."),
)


def governance(brief: Brief) -> Script:
    """Run all checks and conclude with their findings."""
    start = brief.evidence["commit"]
    seen: list[Seen] = []
    for tool, why in _LOOKS:
        seen.append((yield Act(tool, {}, why, (start,))))
    findings = [finding for each in seen for finding in _findings(each)]
    grave = sum(finding.severity == "blocking" for finding in findings)
    yield Conclude(
        Review(summary=" ".join(each.summary for each in seen), findings=findings),
        f"{counted(len(findings), 'finding')}, {grave} of them blocking: everything that the scanners reported.",
        tuple(each.action for each in seen),
    )


def _findings(seen: Seen) -> list[Finding]:
    findings = [Finding(**dict(each)) for each in seen.read(AnyAnswer).findings]
    if seen.ok or findings:
        return findings
    return [blocking(seen.summary)]
