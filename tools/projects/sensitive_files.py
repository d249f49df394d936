"""Files that decide how changes are guarded: pipelines, policies, the crew's own settings."""

from __future__ import annotations

from fnmatch import fnmatch

from tools.git import diff, last_generation
from tools.projects.trees import merged_generation, repository
from tools.result import Workbench

GUARDING = (
    ".github/*", ".gitlab-ci.yml", ".gitlab/*", ".circleci/*", "azure-pipelines.yml", "bitbucket-pipelines.yml",
    "Jenkinsfile", ".travis.yml", ".drone.yml", ".buildkite/*", "CODEOWNERS", "docs/CODEOWNERS",
    ".pre-commit-config.yaml", ".gitattributes", ".gitmodules", "*.rego", "crew.toml", "*/crew.toml",
)  # fmt: skip
"""Of the paths in a repository; what these files say runs elsewhere, or bounds what the crew itself may do."""


def guarding_changes(bench: Workbench, tree: str) -> list[str]:
    """Return the guarding files that a tree changes against the main branch, but for those that are as generated."""
    held = repository(bench)
    main = held.required(held.base_ref)
    generation = merged_generation(bench) or last_generation(held, main)
    changed = [each.path for each in diff(held, main, tree).files]
    return [
        path
        for path in changed
        if any(fnmatch(path, pattern) for pattern in GUARDING)
        and (generation is None or held.show(tree, path) != held.show(generation, path))
    ]
