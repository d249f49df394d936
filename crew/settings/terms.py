"""The settings that a delivery keeps when it is resumed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Terms(BaseModel):
    """Settings a delivery was started with; kept on resume unless overridden."""

    model_config = ConfigDict(frozen=True)

    model: str
    """URL of the chat model."""
    settings: str = ""
    """Model settings and prices as JSON, without credentials; "" if an earlier version did not keep them."""
    policies: str = ""
    """Absolute path of the folder with the user's own policies; "" for none."""
    budget: str = ""
    """Limits of the delivery, in the format of `parse_budget`; "" for none."""
    run_budget: str = ""
    """Limits of its run, in the same format."""
    sandbox: str = ""
    """Name of the sandbox; "" for the strongest one that works on this machine."""
    policy_engine: str = "auto"
    record: str = ""
    """Absolute path of the folder in which model calls are recorded; "" for none."""
