"""`crew policy`: policies drafted from a regulation, checked, and approved by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crew.errors import BadInput, NeedsPerson
from crew.printable import say
from crew.redaction import command_redactor
from tools.counting import counted

if TYPE_CHECKING:
    from crew.policy_drafts.check import Verdict
    from crew.policy_drafts.draft import PolicyDraft
    from crew.policy_drafts.folder import Drafted
    from tools.policy.source import Source

_FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def policy() -> None:
    """Draft a policy from a regulation, check it, approve it."""


@policy.command("draft")
@click.argument("regulation", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write.  [default: NAME-policy, here]")
@click.option("--model", help="Chat model: a URL.  [default: that of crew.toml]")
@click.option("--budget", help="Bounds of what the model takes: tokens=20000,money=0.5,steps=4,minutes=10.")
def policy_draft(regulation: Path, out: Path | None, model: str | None, budget: str | None) -> None:
    """Let a language model draft a policy from the text of REGULATION; it judges nothing until it is approved."""
    from crew.models import lone_role_model  # noqa: PLC0415
    from crew.models.drafting import Drafter  # noqa: PLC0415
    from crew.models.spending import spent_text  # noqa: PLC0415
    from crew.policy_drafts.check import judge, slug, tool_facts  # noqa: PLC0415
    from crew.policy_drafts.draft import draft_policy, prompt_digest, readable  # noqa: PLC0415
    from crew.policy_drafts.folder import About, drafted, write  # noqa: PLC0415
    from crew.policy_drafts.readme import checked, readme  # noqa: PLC0415
    from crew.settings.budget import Budget, parse_budget  # noqa: PLC0415  keeps `--help` quick, as all imports below
    from crew.settings.load import load_config  # noqa: PLC0415

    redact = command_redactor()
    text = readable(_text(regulation), redact)
    config = load_config(regulation, Path.cwd())
    url = model or config.model.url
    name, tools = slug(regulation.stem), tool_facts()
    folder = out or Path(f"{name}-policy")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} is there already. Remove it, or name another folder: --out FOLDER.")
    verdicts: list[Verdict] = []

    def check(draft: PolicyDraft) -> list[str]:
        verdicts.append(judge(draft, text, name))
        if wrong := verdicts[-1].complaints:
            say(f"Draft {len(verdicts)} was refused: {wrong[0]}", err=True)
        return [*verdicts[-1].complaints]

    bounds = parse_budget(budget) if budget else Budget()
    drafter = Drafter(lone_role_model(url, config, bounds), redact, bounds)
    try:
        said = draft_policy(drafter, text, tools, check)
    finally:
        if drafter.spent.calls:
            say(f"Asking {url} took {spent_text(drafter.spent)}.", err=True)
    about = About(name=name, model=url, prompt=prompt_digest(tools), rules=said.rules)
    made, verdict = drafted(said, about, text), verdicts[-1]
    write(made, folder, readme(made, verdict))
    say(f"{folder} holds a draft of {_counted(made)}; read its README.md.")
    for each in checked(verdict):
        say(f"  {each}")
    say(f"Nothing is judged by it until a person approves it: crew policy approve {folder} --into FOLDER")


@policy.command("check")
@_FOLDER
def policy_check(folder: Path) -> None:
    """Check a draft, or every approved policy in FOLDER; a policy that changed after its approval is refused."""
    from crew.policy_drafts.folder import is_draft, read, read_approval, verify_approvals  # noqa: PLC0415
    from crew.policy_drafts.readme import checked  # noqa: PLC0415

    if is_draft(folder):
        made, approval = read(folder), read_approval(folder)
        if approval and approval.digest != made.digest:
            raise BadInput(
                f"{folder} was changed after {approval.by} approved it on {approval.when}. Put it back, or approve it "
                f"as it is: crew policy approve {folder} --into FOLDER."
            )
        verdict = _sound(made, folder)
        say(f"{made.about.name}: {f'approved by {approval.by}' if approval else 'a draft'}. {made.digest}")
        for each in checked(verdict):
            say(f"  {each}")
        return
    approved = verify_approvals(folder)
    for made, approval in approved:
        _sound(made, folder, _beside(folder, made.about.name))
        say(f"{made.about.name}: approved by {approval.by} on {approval.when}. {made.digest}")
    if not approved:
        raise BadInput(
            f"{folder} holds neither a draft nor an approved policy. Name what `crew policy draft` wrote."
        )


@policy.command("approve")
@_FOLDER
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder that `crew run --policies` is given.",
)
@click.option("--yes", "by", metavar="NAME", help="Approve without asking, as the person of this name.")
def policy_approve(folder: Path, into: Path, by: str | None) -> None:
    """Show the draft in FOLDER to a person, and put it among the policies of another folder if they agree."""
    from crew.policy_drafts.folder import approve, read  # noqa: PLC0415
    from crew.policy_drafts.readme import checked, readme  # noqa: PLC0415

    made = read(folder)
    verdict = _sound(made, folder, _beside(into, made.about.name))
    say(f"{made.about.name}: {_counted(made)}. {made.digest}")
    for rule in made.draft.rules:
        say(f'  {rule.name}\n    "{" ".join(rule.why.split())}"')
    say(f"\n{made.draft.rego.strip()}\n")
    for each in checked(verdict):
        say(f"  {each}")
    person = by.strip() if by is not None else _asked(folder)
    if not person:
        raise BadInput("--yes names the person who approves: --yes NAME.")
    approve(made, into, person, verdict.engines, readme(made, verdict, person))
    say(f"{person} approved it. `crew run --policies {into}` is judged by it from now on.")


def _asked(folder: Path) -> str:
    from getpass import getuser  # noqa: PLC0415

    try:
        agreed = click.confirm("Shall it judge from now on?", default=False)
    except click.Abort:
        agreed = False
    if not agreed:
        raise NeedsPerson(f"Nobody approved it, so nothing is judged by it. {folder} stays as it is.")
    try:
        return getuser()
    except (KeyError, OSError):  # a user of a container may have no name
        raise BadInput("This user has no name; say who approves: --yes NAME.") from None


def _sound(made: Drafted, folder: Path, beside: Source | None = None) -> Verdict:
    from crew.policy_drafts.check import judge, slug  # noqa: PLC0415

    if slug(made.about.name) != made.about.name:
        raise BadInput(
            f"{folder}: {made.about.name!r} is no plain name. Use small letters, digits and underscores."
        )
    verdict = judge(made.draft, made.regulation, made.about.name, beside)
    if verdict.complaints:
        listed = "\n".join(f"- {each}" for each in verdict.complaints)
        raise BadInput(f"{folder} is not sound; mend it or draft anew:\n{listed}")
    return verdict


def _beside(into: Path, name: str) -> Source | None:
    """Return all policies that one would be added to: those of every run, and others in the folder."""
    from dataclasses import replace  # noqa: PLC0415
    from importlib import resources  # noqa: PLC0415

    from tools.policy.source import load  # noqa: PLC0415

    if not any(each.stem != name for each in into.glob("*.rego")):
        return None
    with resources.as_file(resources.files("crew").joinpath("policies")) as own:
        all_of_them = load(own, into)
    others = {module: text for module, text in all_of_them.modules.items() if module != f"extra/{name}.rego"}
    return replace(all_of_them, modules=others)


def _counted(made: Drafted) -> str:
    rules, cases = counted(len(made.draft.rules), "rule"), counted(len(made.draft.cases), "case")
    return f"{rules} with {cases}"


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:1_000_000].decode()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}. Name a file with the regulation's text."
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no text in UTF-8: {error}. Save it as Markdown or plain text.") from error
