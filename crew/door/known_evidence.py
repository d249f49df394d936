"""The evidence that a call may cite: what its role was given and what it found itself."""

from __future__ import annotations

import threading
from difflib import get_close_matches

from crew.door.call import Call
from crew.door.reasons import gives_reason
from crew.records.ledger import Ledger, Row
from crew.records.rows import Answered, Denied, Opening, Outcome


class KnownEvidence:
    """The actions and artifacts of a delivery, grouped by the role whose calls produced them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, set[str]] | None = None
        """Maps each role to its evidence, and "" to evidence of no role, such as the story; None until it is read."""
        self._lock = threading.Lock()

    def objection(self, call: Call) -> str:
        """Return why the rationale or evidence of a call is not acceptable, or "" if both are."""
        if not gives_reason(call.rationale):
            return "The call has no rationale: say what you saw, what you chose and what you rejected."
        if not call.evidence:
            return "The call cites no evidence: give ids of earlier actions or artifacts of this delivery."
        known = self.known_to(call)
        unknown = [each for each in call.evidence if each not in known]
        if not unknown:
            return ""
        near = get_close_matches(unknown[0], sorted(known), 1, 0.8)
        nearest = f" The closest known id to {unknown[0]} is {near[0]}." if near else ""
        said = f"The evidence {', '.join(unknown)} was neither given to the {call.role} agent nor found by it"
        return f"{said}; a call may cite only such evidence.{nearest}"

    def known_to(self, call: Call) -> set[str]:
        """Return the evidence that the caller may cite."""
        with self._lock:
            if self._known is None:
                # Reading once is enough: the lease makes this process the only writer of the delivery's rows.
                self._known = {}
                for row in self._ledger.rows(call.delivery):
                    self._add(self._known, row)
            everything = set().union(*self._known.values())
            if call.allowed_evidence is None:
                return everything
            own = self._known.get("", set()) | self._known.get(call.role, set())
            return own | (call.allowed_evidence & everything)

    def remember(self, row: Row) -> None:
        """Add the evidence that a new row provides."""
        with self._lock:
            if self._known is not None:
                self._add(self._known, row)

    def _add(self, known: dict[str, set[str]], row: Row) -> None:
        # A denial is evidence too: an agent may give up because of it, and policy still judges calls that cite it.
        if isinstance(row.body, Opening | Outcome | Denied | Answered):
            known.setdefault(row.body.role, set()).update((row.key, *row.body.artifacts))
