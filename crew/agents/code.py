"""The code agent: makes the service be what the blueprint says."""

from __future__ import annotations

from pydantic import Field, JsonValue

from crew.agents.role import Answer, Finding, Role
from crew.state import DeliveryState


class CodeAnswer(Answer):
    """The change that was committed."""

    tree: str = Field(default="", description="Git tree that the last commit holds.")
    commit: str = ""
    files: list[str] = Field(default=[], description="Files that the change touches.")
    findings: list[Finding] = Field(
        default=[], description="What stands in the way, such as merge conflicts."
    )


def _facts(state: DeliveryState) -> dict[str, JsonValue]:
    design = state["answers"]["design"]
    assert isinstance(design, dict)  # noqa: S101  the graph runs design first
    facts: dict[str, JsonValue] = {
        "blueprint": design["blueprint"],
        "contract": design["contract"],
        "branch": state["branch"],
    }
    if state.get("repairs"):
        # What was wrong with the last attempt, from those who judged it.
        facts["repair"] = {
            name: state["answers"][name] for name in ("testing", "governance") if name in state["answers"]
        }
    return facts


ROLE = Role(
    name="code",
    purpose="Makes the service what the blueprint says, and commits the change with its reason.",
    tools=(
        "generate_service",
        "list_files",
        "search_files",
        "read_file",
        "write_file",
        "edit_file",
        "delete_file",
        "show_diff",
        "run_command",
        "run_tests",
        "install_dependencies",
        "run_linters",
        "commit",
    ),
    answer=CodeAnswer,
    facts=_facts,
)
