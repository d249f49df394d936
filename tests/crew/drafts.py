"""Drafts of a policy for tests: a good one, and what is done to it."""

from __future__ import annotations

from crew.policy_drafts.draft import DraftRule, PolicyCase, PolicyDraft

REGULATION = """# House rules for payment software

1. Software that handles payments must not contain libraries under
   the LGPL. Other libraries are at the discretion of the team.

2. Before a change that removes an operation of an interface is released, the head of payments
   has to agree.

3. Every finding of medium severity or above of a security scan must be looked at by a person.
"""
QUOTE_LGPL = "Software that handles payments must not contain libraries under the LGPL."
QUOTE_SCAN = "Every finding of medium severity or above of a security scan must be looked at by a person."
HEAD = "package extra\n\nimport rego.v1\n\n"
LGPL_RULE = """deny contains finding if {
	input.tool == "merge"
	some licence, releases in input.facts.dependencies.licences
	startswith(licence, "LGPL")
	some release in releases
	finding := {
		"rule": "payments.lgpl",
		"reason": [release, " is licensed under ", licence, "."],
		"fix": "Take another package.",
	}
}
"""
SCAN_RULE = """some_medium if {
	is_number(input.facts.scan.medium)
	input.facts.scan.medium > 0
}

ask contains finding if {
	input.tool == "start_service"
	not some_medium
	input.facts.merged == true
	input.arguments.environment == "production"
	finding := {
		"rule": "payments.scan",
		"reason": "A person has to look at the scan before production.",
		"fix": "Let the head of payments look.",
		"answerable": false,
	}
}
"""
REGO = f"{HEAD}{LGPL_RULE}\n{SCAN_RULE}"
LGPL_CASES = (
    PolicyCase(
        name="a package under the LGPL",
        input={
            "tool": "merge",
            "facts": {"dependencies": {"licences": {"LGPL-3.0-only": ["x==1.0"], "MIT": ["y==1.0"]}}},
        },
        expect="deny",
        rule="payments.lgpl",
    ),
    PolicyCase(
        name="a package under the MIT licence",
        input={"tool": "merge", "facts": {"dependencies": {"licences": {"MIT": ["x==1.0"]}}}},
        expect="allow",
        rule="payments.lgpl",
    ),
)
SCAN_CASES = (
    PolicyCase(
        name="a start in production",
        input={"tool": "start_service", "arguments": {"environment": "production"}},
        expect="ask",
        rule="payments.scan",
    ),
    PolicyCase(
        name="a start in staging",
        input={"tool": "start_service", "arguments": {"environment": "staging"}},
        expect="allow",
        rule="payments.scan",
    ),
)
GOOD = PolicyDraft(
    rules=(
        DraftRule(name="payments.lgpl", why=QUOTE_LGPL),
        DraftRule(name="payments.scan", why=QUOTE_SCAN),
    ),
    rego=REGO,
    cases=(*LGPL_CASES, *SCAN_CASES),
)


def with_rego(rego: str) -> PolicyDraft:
    """The good draft with other Rego."""
    return GOOD.model_copy(update={"rego": rego})
