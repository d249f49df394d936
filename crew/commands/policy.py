"""`crew policy`: draft a policy from a regulation, check it, and have a person approve it."""

from __future__ import annotations

from dataclasses import replace
from getpass import getuser
from importlib import resources
from pathlib import Path

import click

from crew.errors import BadInput, NeedsPerson
from crew.known_secrets import command_redactor
from crew.models.by_url import lone_role_model
from crew.models.drafting import Drafter
from crew.models.spending import spent_text
from crew.policy_drafts.check import Verdict, judge, slug, tool_facts
from crew.policy_drafts.draft import PolicyDraft, draft_policy, prompt_digest, readable
from crew.policy_drafts.folder import (
    About,
    Drafted,
    approve,
    drafted,
    is_draft,
    read,
    read_approval,
    verify_approvals,
    write,
)
from crew.policy_drafts.readme import checked, readme
from crew.printable import say
from crew.settings.budget import Budget, parse_budget
from crew.settings.load import load_config
from tools.counting import counted
from tools.policy.source import Source, load

_FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.group()
def policy() -> None:
    """Draft, check and approve policies."""


@policy.command("draft")
@click.argument("regulation", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Output folder.  [default: NAME-policy]")
@click.option(
    "--model", metavar="URL", help="Model: openai:NAME or replay:FOLDER.  [default: from crew.toml]"
)
@click.option("--budget", help="Limits for the model, such as tokens=20000,money=0.5,steps=4,minutes=10.")
def policy_draft(regulation: Path, out: Path | None, model: str | None, budget: str | None) -> None:
    """Draft a policy from a regulation with a language model.

    The draft has no effect until a person approves it."""
    redact = command_redactor()
    text = readable(_text(regulation), redact)
    config = load_config(regulation, Path.cwd())
    url = model or config.model.url
    name, tools = slug(regulation.stem), tool_facts()
    folder = out or Path(f"{name}-policy")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} already exists. Remove it, or choose another folder: --out FOLDER.")
    verdicts: list[Verdict] = []

    def check(draft: PolicyDraft) -> list[str]:
        verdicts.append(judge(draft, text, name))
        if wrong := verdicts[-1].complaints:
            say(f"Draft {len(verdicts)} was rejected: {wrong[0]}", err=True)
        return [*verdicts[-1].complaints]

    bounds = parse_budget(budget) if budget else Budget()
    drafter = Drafter(lone_role_model(url, config, bounds), redact, bounds)
    try:
        said = draft_policy(drafter, text, tools, check)
    finally:
        if drafter.spent.calls:
            say(f"Usage of {url}: {spent_text(drafter.spent)}.", err=True)
    about = About(name=name, model=url, prompt=prompt_digest(tools), rules=said.rules)
    made, verdict = drafted(said, about, text), verdicts[-1]
    write(made, folder, readme(made, verdict))
    say(f"Wrote a draft of {_summary(made)} to {folder}; read its README.md.")
    for each in checked(verdict):
        say(f"  {each}")
    say(f"It has no effect until a person approves it: crew policy approve {folder} --into FOLDER")


@policy.command("check")
@_FOLDER
def policy_check(folder: Path) -> None:
    """Check a draft, or all approved policies in FOLDER.

    A policy that was changed after its approval is rejected."""
    if is_draft(folder):
        made, approval = read(folder), read_approval(folder)
        if approval and approval.digest != made.digest:
            raise BadInput(
                f"{folder} was changed after {approval.by} approved it on {approval.when}. Restore it, or approve it "
                f"again: crew policy approve {folder} --into FOLDER."
            )
        verdict = _require_sound(made, folder)
        say(f"{made.about.name}: {f'approved by {approval.by}' if approval else 'a draft'}. {made.digest}")
        for each in checked(verdict):
            say(f"  {each}")
        return
    approved = verify_approvals(folder)
    for made, approval in approved:
        _require_sound(made, folder, _combined_policies(folder, made.about.name))
        say(f"{made.about.name}: approved by {approval.by} on {approval.when}. {made.digest}")
    if not approved:
        raise BadInput(
            f"{folder} has no draft and no approved policy. Pass the folder that `crew policy draft` wrote."
        )


@policy.command("approve")
@_FOLDER
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of approved policies, for `crew run --policies`.",
)
@click.option("--yes", "by", metavar="NAME", help="Approve without a prompt, on behalf of this person.")
def policy_approve(folder: Path, into: Path, by: str | None) -> None:
    """Show a draft and ask a person to approve it.

    An approved draft is copied from FOLDER to the folder of approved policies."""
    made = read(folder)
    verdict = _require_sound(made, folder, _combined_policies(into, made.about.name))
    say(f"{made.about.name}: {_summary(made)}. {made.digest}")
    for rule in made.draft.rules:
        say(f'  {rule.name}\n    "{" ".join(rule.why.split())}"')
    say(f"\n{made.draft.rego.strip()}\n")
    for each in checked(verdict):
        say(f"  {each}")
    person = by.strip() if by is not None else _ask_person(folder)
    if not person:
        raise BadInput("--yes needs the name of the person who approves: --yes NAME.")
    approve(made, into, person, verdict.engines, readme(made, verdict, person))
    say(f"Approved by {person}. `crew run --policies {into}` applies it from now on.")


def _ask_person(folder: Path) -> str:
    try:
        agreed = click.confirm("Approve this policy?", default=False)
    except click.Abort:
        agreed = False
    if not agreed:
        raise NeedsPerson(f"Not approved, so the policy has no effect. {folder} is unchanged.")
    try:
        return getuser()
    except (KeyError, OSError):  # users in containers may have no name
        raise BadInput("The current user has no name; give the name of the approver: --yes NAME.") from None


def _require_sound(made: Drafted, folder: Path, beside: Source | None = None) -> Verdict:
    if slug(made.about.name) != made.about.name:
        raise BadInput(
            f"{folder}: invalid policy name {made.about.name!r}. Use lower-case letters, digits and underscores."
        )
    verdict = judge(made.draft, made.regulation, made.about.name, beside)
    if verdict.complaints:
        listed = "\n".join(f"- {each}" for each in verdict.complaints)
        raise BadInput(f"{folder} is invalid; fix it or create a new draft:\n{listed}")
    return verdict


def _combined_policies(into: Path, name: str) -> Source | None:
    """Return the policies that a new one is added to: the built-in ones and the others in the folder."""
    if not any(each.stem != name for each in into.glob("*.rego")):
        return None
    with resources.as_file(resources.files("crew").joinpath("policies")) as own:
        all_of_them = load(own, into)
    others = {module: text for module, text in all_of_them.modules.items() if module != f"extra/{name}.rego"}
    return replace(all_of_them, modules=others)


def _summary(made: Drafted) -> str:
    rules, cases = counted(len(made.draft.rules), "rule"), counted(len(made.draft.cases), "case")
    return f"{rules} with {cases}"


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:1_000_000].decode()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}. Pass a file with the text of the regulation."
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not valid UTF-8: {error}. Save it as Markdown or plain text.") from error
