"""Access to git repositories without a working tree, and without running commands that a repository configures.

repository_setup  opens or creates a repository, or explains why it cannot be used
repository        reads and writes objects, refs, anchors and trailers
workspace         converts between plain folders and trees
tree_diff         compares trees
merging           commits generations and performs three-way merges
merge_to_main     merges into the protected branch
working_tree      inspects and updates the person's own files
command           runs git safely; no other module runs it
"""

from tools.git.identity import agent
from tools.git.merge_to_main import Landing, find_landing, merge
from tools.git.merging import (
    Conflict,
    commit_generation,
    last_generation,
    merge_commits,
    merge_generation,
    merge_trees,
    store_files,
)
from tools.git.ref_names import GENERATED, story_branch
from tools.git.repository import Repository
from tools.git.repository_setup import attach_repository, open_repository
from tools.git.tree_diff import ChangedFile, Changes, diff
from tools.git.workspace import checkout, export, remove_unsafe_files, write_tree
from tools.workspace.removal import remove

__all__ = [
    "GENERATED",
    "ChangedFile",
    "Changes",
    "Conflict",
    "Landing",
    "Repository",
    "agent",
    "attach_repository",
    "checkout",
    "commit_generation",
    "diff",
    "export",
    "find_landing",
    "last_generation",
    "merge",
    "merge_commits",
    "merge_generation",
    "merge_trees",
    "open_repository",
    "remove",
    "remove_unsafe_files",
    "store_files",
    "story_branch",
    "write_tree",
]
