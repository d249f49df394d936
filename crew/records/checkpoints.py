"""A LangGraph checkpoint saver for SQLite that deletes superseded checkpoints."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
    from langgraph.checkpoint.sqlite import SqliteSaver


def open_saver(path: Path) -> SqliteSaver:
    """Return a saver that keeps only the latest checkpoint of each graph and subgraph of a delivery.

    Only the latest one is ever resumed; the history is in the ledger. Call `conn.close()` on the saver when done.
    """
    # LangGraph reads this when it is first imported; checkpoints then contain plain values, never pickled objects.
    os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
    from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415  must follow the setting above

    class LastOnly(SqliteSaver):
        def put(
            self,
            config: RunnableConfig,
            checkpoint: Checkpoint,
            metadata: CheckpointMetadata,
            new_versions: ChannelVersions,
        ) -> RunnableConfig:
            kept = super().put(config, checkpoint, metadata, new_versions)
            place: dict[str, Any] = config["configurable"]
            older = (place["thread_id"], place.get("checkpoint_ns", ""), checkpoint["id"])
            with self.cursor() as cursor:
                for table in ("checkpoints", "writes"):
                    # Checkpoint ids increase over time.
                    cursor.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",  # noqa: S608
                        older,
                    )
            return kept

    path.parent.mkdir(parents=True, exist_ok=True)
    saver = LastOnly(sqlite3.connect(path, check_same_thread=False, timeout=30))
    saver.setup()
    return saver
