"""Evaluation of policies within this process, using regopy (rego-cpp)."""

from __future__ import annotations

import json
import re
import threading

from pydantic import JsonValue
from regopy import Input, Interpreter, LogLevel, RegoError  # type: ignore[import-untyped]

from tools.errors import PolicyError
from tools.policy.answer import PolicyEngine, Unanswered
from tools.policy.source import Source


class RegopyEngine(PolicyEngine):
    """A policy engine that compiles once and evaluates under a lock, as the interpreter holds one input at a time."""

    name = "regopy"

    def __init__(self, source: Source) -> None:
        self.digest = source.digest
        self._lock = threading.Lock()
        self._interpreter: Interpreter | None = Interpreter()
        self._interpreter.log_level = LogLevel.NONE  # by default, it logs to stdout
        # Otherwise a failing built-in is undefined, and `not f(x)` becomes true.
        self._interpreter.strict_built_in_errors = True
        try:
            self._interpreter.add_data_json(json.dumps(source.data, ensure_ascii=False))
            for name, text in source.modules.items():
                self._interpreter.add_module(name, text)
            self._bundle = self._interpreter.build("answer = data.crew.decision")
        except RegoError as error:
            raise PolicyError(f"regopy cannot compile the policies: {_error_messages(error)}") from error
        if not self._bundle.ok():
            raise PolicyError(f"regopy cannot compile the policies: {self._bundle.node()}")

    def close(self) -> None:
        """Release the interpreter. A closed engine denies every call."""
        with self._lock:
            self._interpreter = None

    def _exchange(self, document: dict[str, JsonValue]) -> JsonValue:
        with self._lock:
            if self._interpreter is None:
                raise Unanswered("The engine is closed.")
            try:
                self._interpreter.set_input(Input(document))
                output = self._interpreter.query_bundle(self._bundle)
            except RegoError as error:
                raise Unanswered(f"regopy failed: {error}") from error
            # A failed evaluation raises no exception; its output is not ok.
            if not output.ok():
                raise Unanswered("regopy could not evaluate the policies.")
            answers: JsonValue = json.loads(str(output))
        bindings = answers.get("bindings") if isinstance(answers, dict) else None
        return bindings.get("answer") if isinstance(bindings, dict) else None


def _error_messages(error: RegoError) -> str:
    """Extract the file and the message of each error from the printed syntax tree."""
    errors = re.findall(r"\(error \d+:([^|]*)\|.*?\(errormsg \d+:([^)]*)\)", str(error), re.DOTALL)
    return "; ".join(dict.fromkeys(f"{file}: {message}" for file, message in errors)) or str(error)
