"""A LangGraph checkpoint saver for SQLite that deletes superseded checkpoints."""

from __future__ import annotations

import os
import shlex
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crew.errors import Stopped
from crew.records.storage import storage_problem

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
    from langgraph.checkpoint.sqlite import SqliteSaver


def open_saver(path: Path) -> SqliteSaver:
    """Return a saver that keeps only the latest checkpoint of each graph and subgraph of a delivery.

    Only the latest one is ever resumed; the history is in the ledger. Call `conn.close()` on the saver when done.
    Raises Stopped, with the command that fixes it, if the file is damaged or cannot be written.
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
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    saver = LastOnly(connection)
    try:
        saver.setup()
        (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if storage := storage_problem(error, path, damaged=False):
            raise Stopped(storage) from error
        raise Stopped(damaged_checkpoints(path, error)) from error
    if state != "ok":
        connection.close()
        raise Stopped(damaged_checkpoints(path, sqlite3.DatabaseError(state)))
    return saver


def damaged_checkpoints(path: Path, error: Exception) -> str:
    """Return the message for checkpoints that cannot be read."""
    aside = shlex.quote(str(path.resolve()))
    return (
        f"{path} is damaged ({type(error).__name__}: {error}). The ledger holds all that was done: set the file aside "
        f"with `mv {aside} {aside}.damaged`, then `crew resume` replays the steps from the ledger."
    )
