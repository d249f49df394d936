"""The README that a person reads before approving a drafted policy."""

from __future__ import annotations

import json

from crew.policy_drafts.check import Verdict
from crew.policy_drafts.folder import Drafted


def readme(policy: Drafted, verdict: Verdict, by: str = "") -> str:
    """Return the README as Markdown; `by` is the person who approved the policy, "" for a draft."""
    about = policy.about
    standing = f"approved by {by}." if by else "draft. It has no effect until a person approves it."
    lines = [
        f"# Policy from a regulation: {about.name}",
        "",
        f"Status: {standing} Drafted by {about.model}.",
        "",
        "Compare each rule with its quote: does the sentence require it, and does the rule do it? Which sentences of",
        "`regulation.md` have no rule?",
        "",
    ]
    for rule in policy.draft.rules:
        lines += [f"## {rule.name}", "", *(f"> {line}" for line in rule.why.splitlines()), ""]
        for case in policy.draft.cases:
            if case.rule == rule.name:
                lines.append(f"- {case.expect}: {case.name} - `{json.dumps(case.input, ensure_ascii=False)}`")
        lines.append("")
    lines += ["## The policy", "", "```rego", policy.draft.rego.strip(), "```", "", "## Checked", ""]
    lines += [f"- {each}" for each in checked(verdict)]
    lines += [f"- The digest that is approved: {policy.digest}"]
    return "\n".join([*lines, "", "To approve it: `crew policy approve FOLDER --into POLICIES`.", ""])


def checked(verdict: Verdict) -> list[str]:
    """Return one sentence for each property of a sound policy that was checked."""
    objects = ", ".join(verdict.objects_to)
    return [
        "It only adds denials and questions: no decision is less strict with it than without it.",
        f"Every rule has a case that makes it fire and one that does not, on {' and '.join(verdict.engines)} alike.",
        f"It objects to ordinary calls of: {objects}."
        if objects
        else "It objects to no ordinary call of any tool.",
    ]
