"""Our verdicts beside those of oasdiff, which is not part of the product: two engines could disagree at the merge.

Where we say that a change cannot be compared, a person is asked whatever oasdiff says. Where we do compare, it agrees
on whether a person is asked, but for the disagreements below.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.tools.blueprint.contract_differences import CASES, CONTRACT, Case

_DISAGREEMENTS = {
    ("other properties", "back"): "oasdiff does not compare `additionalProperties: false`",
    ("no other properties", "there"): "oasdiff does not compare `additionalProperties: false`",
    ("a schema that admits nothing", "back"): "we compare a schema that admits nothing keyword by keyword",
    ("success", "there"): "a client knows what to do with the responses of success that are listed",
    ("status unlike its default", "there"): "oasdiff does not compare a status with the default response",
    ("status unlike its default", "back"): "oasdiff does not compare a status with the default response",
    ("media type of a response", "there"): "a client may accept anything, and be sent what it cannot read",
    ("header", "back"): "a client may use an optional header where it is sent",
    ("writeOnly of a response", "there"): "a property that is now write-only is gone from responses",
    ("a choice more in a response", "there"): "the crew's contracts tell clients to expect more values",
    ("title", "there"): "oasdiff tells the parts of `allOf` apart by their titles",
    ("title", "back"): "oasdiff tells the parts of `allOf` apart by their titles",
}
"""Case and direction, and why we ask a person where oasdiff does not, or the other way round."""


def asks(program: str, folder: Path, before: Any, after: Any) -> bool:
    """Whether oasdiff finds an error or a warning, or cannot read a document."""
    for name, document in (("before", before), ("after", after)):
        (folder / f"{name}.json").write_text(json.dumps(document))
    command = [program, "breaking", "--allow-external-refs=false", "--flatten-params", "-f", "json"]
    done = subprocess.run([*command, "before.json", "after.json"], cwd=folder, capture_output=True, text=True)
    return done.returncode != 0 or bool(json.loads(done.stdout or "[]"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_oasdiff_agrees_on_whether_a_person_is_asked(
    case: Case, oasdiff_program: str, tmp_path: Path
) -> None:
    for direction, verdict, documents in (
        ("there", case.there, (CONTRACT, case.document)),
        ("back", case.back, (case.document, CONTRACT)),
    ):
        theirs = asks(oasdiff_program, tmp_path, *documents)
        if verdict != "incomparable":
            disagree = theirs is not (verdict == "breaking")
            assert disagree is ((case.name, direction) in _DISAGREEMENTS), (direction, verdict, theirs)


def test_every_disagreement_is_about_a_case() -> None:
    assert {name for name, _ in _DISAGREEMENTS} <= {case.name for case in CASES}
