"""Finding and reading crew.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError

from crew.errors import BadInput
from crew.settings.budget import Budget
from crew.settings.config import FILE, LARGEST, MODEL_URL, Config
from crew.settings.config_errors import complaint, right_example


def find_config(story_file: Path | None, cwd: Path) -> Path | None:
    """Return the settings file beside the story file, else in `cwd`; None if neither folder has one.

    A home can stand for the story file that it lies beside.
    """
    folders = [story_file.resolve().parent, cwd] if story_file else [cwd]
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def load_config(story_file: Path | None, cwd: Path) -> Config:
    """Return the settings that hold for a story file, or for a command in `cwd` that names none.

    Folders of recordings in it are taken from where the file lies. Raises BadInput with file, key and an example.
    """
    path = find_config(story_file, cwd)
    if path is None:
        return Config()
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadInput(f"{path} is larger than {LARGEST} bytes. Keep settings alone in it.")
        read = _checked(tomllib.loads(content.decode()), str(path))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}. Make it readable, or remove it.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not TOML: {error}. {right_example(('model',))}") from error
    return _placed(read, path.resolve().parent)


def with_options(
    config: Config,
    *,
    model: str | None = None,
    base_url: str | None = None,
    budget: Budget | None = None,
    run_budget: Budget | None = None,
    test_command: str | None = None,
    otlp: str | None = None,
) -> Config:
    """Return settings with what the command line says instead; None leaves a setting as it is.

    A model of the command line plays every role, and one that needs no network has no fallback that does.
    Raises BadInput for a value that no setting can have.
    """
    if model is not None and not re.fullmatch(MODEL_URL, model):
        raise BadInput(f"There is no model {model!r}: give offline, openai:NAME or replay:FOLDER.")
    said = config.model_dump()
    if model is not None:
        fallback = config.model.fallback if model.startswith("openai:") else ()
        said["model"] |= {"url": model, "roles": {}, "fallback": fallback}
    for section, key, value in (
        ("model", "base_url", base_url),
        ("budget", "delivery", budget and budget.model_dump()),
        ("budget", "run", run_budget and run_budget.model_dump()),
        ("tests", "command", test_command),
        ("telemetry", "otlp", otlp),
    ):
        if value is not None:
            said[section][key] = value
    return _checked(said, "The command line")


def placed(url: str, folder: Path) -> str:
    """Return a model's URL, a recording's folder taken from `folder` where it is relative."""
    if not url.startswith("replay:"):
        return url
    return f"replay:{folder / Path(url.removeprefix('replay:')).expanduser()}"


def _placed(read: Config, folder: Path) -> Config:
    model = read.model
    roles = {role: placed(url, folder) for role, url in model.roles.items()}
    fallback = tuple(placed(url, folder) for url in model.fallback)
    found = {"url": placed(model.url, folder), "fallback": fallback, "roles": roles}
    return read.model_copy(update={"model": model.model_copy(update=found)})


def _checked(said: dict[str, object], source: str) -> Config:
    try:
        return Config.model_validate(said)
    except ValidationError as error:
        wrong = dict.fromkeys(
            complaint(tuple(map(str, each["loc"])), each["type"], each["msg"]) for each in error.errors()
        )
        raise BadInput("\n".join(f"{source}: {each}" for each in wrong)) from error
