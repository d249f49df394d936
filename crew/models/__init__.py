"""Chat models by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crew.errors import BadInput

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def chat_model(url: str) -> BaseChatModel:
    """Return the model that a URL names.

    Raises BadInput for a URL that names none.
    """
    if url == "offline":
        from crew.models.offline import OfflineModel  # noqa: PLC0415  langchain costs most of a second
        from crew.playbooks import PLAYBOOKS  # noqa: PLC0415

        return OfflineModel(playbooks=PLAYBOOKS)
    raise BadInput(f"There is no model {url!r} in this version; `offline` is the one there is.")
