"""The governance playbook, which runs four checks on the committed tree and passes on their findings unchanged."""

from __future__ import annotations

from crew.agents.answers import AnyAnswer, Finding, Review
from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script, Seen, blocking
from tools.counting import counted

_LOOKS = (
    ("scan_code", "Nothing is merged without a security scan of that very tree, so bandit reads it first."),
    (
        "scan_secrets",
        "A secret that reaches the history stays there, so every changed line is looked at before.",
    ),
    (
        "check_dependencies",
        "What the service pulls in runs with its rights: names, versions and licences are checked.",
    ),
    ("check_contract", "Somebody may rely on the contract as it was, and on the data as it is stored."),
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
        f"{counted(len(findings), 'finding')}, {grave} of them blocking: what the scanners say, nothing left out.",
        tuple(each.action for each in seen),
    )


def _findings(seen: Seen) -> list[Finding]:
    findings = [Finding(**dict(each)) for each in seen.read(AnyAnswer).findings]
    if seen.ok or findings:
        return findings
    return [blocking(seen.summary)]
