"""The deployment playbook, which starts the merged version."""

from __future__ import annotations

from crew.agents.answers import Answer
from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script


def deployment(brief: Brief) -> Script:
    """Start the merged version, after installing its dependencies if they are missing."""
    version = str(brief.facts["version"])
    merged = brief.evidence["version"]
    start = Act(
        "start_service",
        {"version": version},
        f"{version[:12]} is on the main branch, tested and scanned. It is started; a version that is already serving "
        "keeps the traffic until the new one says that it is ready.",
        (merged,),
    )
    started = yield start
    evidence = [started.action]
    if started.code == "not_installed":
        installed = yield Act(
            "install_dependencies",
            {"version": version},
            f"{started.summary} They are pinned and allowed by policy, so they can be installed as they are.",
            (started.action,),
        )
        started = yield Act(
            "start_service", {"version": version}, start.rationale, (merged, installed.action)
        )
        evidence += [installed.action, started.action]
    yield Conclude(
        Answer(summary=started.summary),
        "This is what the platform reports about the version; nothing is assumed.",
        tuple(evidence),
    )
