"""The settings that a delivery keeps from its start to its end."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Terms(BaseModel):
    """Settings a delivery was started with; kept on resume unless overridden."""

    model_config = ConfigDict(frozen=True)

    model: str
    """URL of the chat model."""
    policies: str = ""
    """Absolute folder of the person's own policies; "" for none."""
    budget: str = ""
    """Bounds of the delivery, as `parse_budget` reads them; "" for none."""
    run_budget: str = ""
    """Bounds of its run, in the same format."""
    sandbox: str = ""
    """Name of the sandbox; "" for the best that works on this machine."""
    policy_engine: str = "auto"
    record: str = ""
    """Absolute folder in which model calls are recorded; "" for none."""
