"""Reader for Markdown stories: front matter, `# ID: title`, paragraphs and code, a bulleted list of criteria."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.front_matter import front_matter_plugin

from crew.stories.model import Node
from crew.stories.yaml import read_yaml

EXAMPLE = """\
---
service: checkout
---
# CHK-1: Orders

As a shopper, I want to place an order, so that I can buy things.

- An order has a customer (email) and a total (money, at least 0)."""

_PROSE = ("paragraph", "fence", "code_block", "blockquote")
"""Types of the Markdown nodes that form a story's text, which is kept verbatim."""


def read_markdown(text: str, source: str) -> Node:
    """Return the mapping that an equivalent YAML story file would contain; raises BadInput for misplaced content."""
    # Typographic replacements and HTML are disabled, so that criteria are kept verbatim.
    tree = SyntaxTreeNode(MarkdownIt("commonmark").use(front_matter_plugin).parse(text))
    members = Node({}, 1, source).mapping("", "")
    stories: list[Node] = []
    story: dict[str, Node] = {}
    lines = re.split(r"\r\n|\r|\n", text)  # the line breaks that Markdown recognises
    end = 0
    for part in tree.children:
        place = Node(None, (part.map or (0, 0))[0] + 1, source)
        if part.type == "front_matter":
            members |= read_yaml(part.content, source, 2).mapping("the front matter", EXAMPLE)
        elif part.type == "heading" and part.tag == "h1":
            story = _heading(part, place)
            stories.append(Node(story, place.line, source))
        elif not stories:
            raise place.wrong(
                "there is text before the first story; a story starts with `# ID: title`.", EXAMPLE
            )
        elif part.type in _PROSE:
            first, last = part.map or (0, 0)
            # Blank lines between this part and the prose before it belong to the text.
            before = f"{story['story'].value}\n" if "story" in story else ""
            first = end if before and not any(map(str.strip, lines[end:first])) else first
            end = last
            story["story"] = Node(before + "\n".join(lines[first:last]), place.line, source)
        elif part.type == "bullet_list":
            criteria = story["acceptance"].value if "acceptance" in story else []
            items = [_item(item, source) for item in part.children]
            story["acceptance"] = Node([*criteria, *items], place.line, source)  # type: ignore[misc]
        elif part.type != "heading":
            raise place.wrong(
                "a story consists of paragraphs, code and a bulleted list of criteria.", EXAMPLE
            )
    if stories:
        members["stories"] = Node(stories, stories[0].line, source)
    return Node(members or None, 1, source)


def _heading(part: SyntaxTreeNode, place: Node) -> dict[str, Node]:
    name, colon, title = _text(part).partition(":")
    if not colon or not name.strip():
        raise place.wrong("a story's heading must be its id, a colon and its title.", EXAMPLE)
    story = {"id": Node(name.strip(), place.line, place.source)}
    if title.strip():
        story["title"] = Node(title.strip(), place.line, place.source)
    return story


def _item(item: SyntaxTreeNode, source: str) -> Node:
    place = Node(None, (item.map or (0, 0))[0] + 1, source)
    if len(item.children) != 1 or item.children[0].type != "paragraph":
        raise place.wrong("a criterion must be one plain sentence, without a nested list.", EXAMPLE)
    return Node(_text(item.children[0]).replace("\n", " "), place.line, source)  # line breaks become spaces


def _text(part: SyntaxTreeNode) -> str:
    return "".join(inline.content for inline in part.children if inline.type == "inline")
