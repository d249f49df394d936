"""Files that control how changes are built, checked or allowed: pipelines, policies, the crew's settings."""

from __future__ import annotations

from fnmatch import fnmatch

from tools.git import last_generation
from tools.projects.trees import changes_of, merged_generation, repository
from tools.result import Workbench

GUARDING = (
    ".github/*", ".gitlab-ci.yml", ".gitlab/*", ".circleci/*", "azure-pipelines.yml", "bitbucket-pipelines.yml",
    "Jenkinsfile", ".travis.yml", ".drone.yml", ".buildkite/*", "CODEOWNERS", "docs/CODEOWNERS",
    ".pre-commit-config.yaml", ".gitattributes", ".gitmodules", "*.rego", "crew.toml", "*/crew.toml",
)  # fmt: skip
"""Path patterns of files that run elsewhere, or that limit what the crew may do."""


def guarding_changes(bench: Workbench, tree: str) -> list[str]:
    """Return the paths matching `GUARDING` that a tree changes relative to main, except for generated content."""
    held = repository(bench)
    generation = merged_generation(bench) or last_generation(held, held.base_commit())
    return [
        file.path
        for file in changes_of(bench, tree).files
        if any(fnmatch(file.path, pattern) for pattern in GUARDING)
        and (generation is None or held.show(tree, file.path) != held.show(generation, file.path))
    ]
