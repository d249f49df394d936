"""Find and read crew.toml, and apply command-line options to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from crew.errors import BadInput
from crew.settings.budget import Budget
from crew.settings.config import FILE, LARGEST, MODEL_URL, Config
from crew.settings.config_errors import config_error, valid_example
from tools.workspace.documents import InvalidDocument, parse_toml


def find_config(story_file: Path | None, cwd: Path) -> Path | None:
    """Return the settings file next to the story file, else the one in `cwd`; None if neither exists.

    A home may be passed instead of a story file, as both are in the same folder.
    """
    folders = [story_file.resolve().parent, cwd] if story_file else [cwd]
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def load_config(story_file: Path | None, cwd: Path) -> Config:
    """Return the settings for a story file, or for a command in `cwd` without one.

    Relative recording folders are resolved against the settings file. Raises BadInput if the file is invalid.
    """
    path = find_config(story_file, cwd)
    if path is None:
        return Config()
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadInput(f"{path} is larger than {LARGEST:,} bytes. It should contain only settings.")
        read = _validate(parse_toml(content.decode()), str(path))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}. Make it readable, or remove it.") from error
    except (UnicodeDecodeError, InvalidDocument) as error:
        raise BadInput(f"{path} is not TOML: {error}. {valid_example(('model',))}") from error
    return _resolve_folders(read, path.resolve().parent)


def with_options(
    config: Config,
    *,
    model: str | None = None,
    budget: Budget | None = None,
    run_budget: Budget | None = None,
    test_command: str | None = None,
) -> Config:
    """Return the settings with command-line options applied; None leaves a setting unchanged.

    A model given on the command line is used for every role; fallbacks are kept only if it is an `openai:` model.
    Raises BadInput for an invalid value.
    """
    if model is not None and not re.fullmatch(MODEL_URL, model):
        raise BadInput(f"Unknown model {model!r}; valid: offline, openai:NAME, replay:FOLDER.")
    values = config.model_dump()
    if model is not None:
        fallback = config.model.fallback if model.startswith("openai:") else ()
        values["model"] |= {"url": model, "roles": {}, "fallback": fallback}
    for section, key, value in (
        ("budget", "delivery", budget and budget.model_dump()),
        ("budget", "run", run_budget and run_budget.model_dump()),
        ("tests", "command", test_command),
    ):
        if value is not None:
            values[section][key] = value
    return _validate(values, "The command line")


def resolve_model_url(url: str, folder: Path) -> str:
    """Return a model's URL, with a relative recording folder resolved against `folder`."""
    if not url.startswith("replay:"):
        return url
    return f"replay:{folder / Path(url.removeprefix('replay:')).expanduser()}"


def _resolve_folders(read: Config, folder: Path) -> Config:
    model = read.model
    roles = {role: resolve_model_url(url, folder) for role, url in model.roles.items()}
    fallback = tuple(resolve_model_url(url, folder) for url in model.fallback)
    resolved = {"url": resolve_model_url(model.url, folder), "fallback": fallback, "roles": roles}
    return read.model_copy(update={"model": model.model_copy(update=resolved)})


def _validate(values: Mapping[str, object], source: str) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        wrong = dict.fromkeys(
            config_error(tuple(map(str, each["loc"])), each["type"], each["msg"]) for each in error.errors()
        )
        raise BadInput("\n".join(f"{source}: {each}" for each in wrong)) from error
