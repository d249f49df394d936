"""git without a working tree, and without running anything that a repository configures.

repository_setup  opening or creating a repository, or why it cannot be used
repository        objects, refs, anchors and trailers
workspace         plain folders to trees and back
tree_diff         differences between trees
merging           generations and three-way merges
merge_to_main     the merge into the protected branch
working_tree      the person's own files
command           the only place that runs git, and why that is safe
"""

from tools.git.identity import agent
from tools.git.merge_to_main import Landing, find_landing, merge
from tools.git.merging import (
    commit_generation,
    last_generation,
    merge_generation,
    merge_trees,
    store_files,
)
from tools.git.ref_names import GENERATED, story_branch
from tools.git.repository import Repository
from tools.git.repository_setup import attach_repository, open_repository
from tools.git.tree_diff import ChangedFile, Changes, diff
from tools.git.workspace import checkout, remove, remove_unsafe_files, write_tree

__all__ = [
    "GENERATED",
    "ChangedFile",
    "Changes",
    "Landing",
    "Repository",
    "agent",
    "attach_repository",
    "checkout",
    "commit_generation",
    "diff",
    "find_landing",
    "last_generation",
    "merge",
    "merge_generation",
    "merge_trees",
    "open_repository",
    "remove",
    "remove_unsafe_files",
    "store_files",
    "story_branch",
    "write_tree",
]
