"""Checkpoints in SQLite, the superseded ones removed."""

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
    """Return a saver that keeps, of every graph and sub-graph of a delivery, the last checkpoint only.

    Only the last one is ever resumed; the history is the ledger's. Call `conn.close()` on it when done.
    """
    # Read when langgraph is first imported: a checkpoint then holds plain values, never pickled objects.
    os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
    from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415  after the setting above

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
                    # Ids grow with time.
                    cursor.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",  # noqa: S608
                        older,
                    )
            return kept

    path.parent.mkdir(parents=True, exist_ok=True)
    saver = LastOnly(sqlite3.connect(path, check_same_thread=False, timeout=30))
    saver.setup()
    return saver
