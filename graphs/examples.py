"""Graph nodes for example tests, which are written before the code that they test and selected after it."""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue

from crew.agents import EXAMPLES
from crew.agents.answers import design_of
from crew.delivery_context import DeliveryContext
from crew.evidence.evidence import outcomes
from crew.records.rows import Arguments, Note
from crew.state import DeliveryState
from graphs.fallback import play_from
from graphs.own_calls import HARNESS, INSTALL, KEEP, crew


def write_examples(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Let an agent write example tests if the test context contains any criteria for them."""
    design = design_of(state)
    covered: list[JsonValue] = [each.id for each in design.criteria if each.covered]
    arguments: Arguments = {"blueprint": design.blueprint, "criteria": covered}
    why = (
        "Code is written by hand here. Whoever writes tests for it should know what the tests can use, and "
        "nothing about the code."
    )
    action, told = crew(
        context, state, HARNESS, "describe_test_context", arguments, why, (state["story_digest"],)
    )
    if not told.ok or not told.data.get("criteria"):
        return {"evidence": {"test_context": action}}
    known = cast(
        DeliveryState,
        {**state, "test_context": told.data, "evidence": state["evidence"] | {"test_context": action}},
    )
    return {**_written(context, known), "evidence": {"test_context": action}}


def _written(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    visit, out = play_from(EXAMPLES, context, state)
    done: DeliveryState = {"visits": {"testing": visit}}
    if problem := out.get("problem"):
        text = f"The example tests were left as they were: {problem}"
        context.ledger.append(state["delivery"], "examples", Note(node="examples", text=text))
    else:
        done["answers"] = {"examples": out["answer"]}
    for proof in outcomes(
        context.ledger, context.artifacts, state["delivery"], "write_examples", ("testing", visit)
    ):
        if proof.ok:
            done["examples"] = str(proof.data["file"])
            done["start"] = str(proof.data["commit"])
    return done


def keep_examples(context: DeliveryContext, state: DeliveryState) -> DeliveryState:
    """Run the example tests on the committed code, and drop those that are not worth keeping."""
    commit = state["commit"]
    evidence = (state["evidence"]["commit"],)
    crew(
        context, state, INSTALL, "install_dependencies", {"version": commit},
        f"The example tests are run on the commit {commit[:12]}, with exactly what it depends on.", evidence,
    )  # fmt: skip
    why = (
        f"The code of {commit[:12]} was written after the example tests. Only those that are stable "
        "and notice when the code behaves differently are worth keeping."
    )
    action, kept = crew(context, state, KEEP, "keep_examples", {"commit": commit}, why, evidence)
    if not kept.ok:
        # The testing agent will encounter the same problem and report it as a finding.
        return {"evidence": {"examples": action}}
    return {
        "evidence": {"examples": action},
        "commit": str(kept.data["commit"]),
        "tree": str(kept.data["tree"]),
        "examples": str(kept.data["file"]),
    }
