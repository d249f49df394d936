"""What a role is told."""

from __future__ import annotations

from crew.brief import Brief

ACTION, DIGEST = "a-0123456789abcdef", f"sha256:{'4' * 64}"


def test_reasons_can_rest_on_every_id_that_a_brief_holds() -> None:
    brief = Brief(
        role="code",
        delivery="chk-1-abc123",
        visit=1,
        service="checkout",
        story={"id": "CHK-1"},
        evidence={"opened": ACTION},
        facts={
            "repair": {"testing": {"findings": [{"what": f"It contradicts {DIGEST}."}]}},
            "branch": "a-branch",
        },
    )
    assert brief.allowed_evidence == {ACTION, DIGEST}
