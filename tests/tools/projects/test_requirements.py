"""What a repository asks for is read from its files; what would have to run is named, not run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.deliveries import put
from tools.projects.requirements import FolderFiles, Wanted, tox_lines, wanted


def asked(folder: Path, files: dict[str, str | bytes]) -> Wanted:
    put(folder, files)
    return wanted(FolderFiles(folder))


PYPROJECT = """
[project]
name = "my-shop"
dependencies = ["httpx>=0.27", "rich; python_version<'3'"]
[project.optional-dependencies]
test = ["my_shop[Extra_One]", "pytest-cov"]
extra-one = ["attrs", "my-shop[further]"]
further = ["mock"]
docs = ["sphinx"]
[dependency-groups]
dev = [{include-group = "lint"}, "tox"]
lint = ["ruff"]
"""


def test_a_pyproject(tmp_path: Path) -> None:
    found = asked(tmp_path, {"pyproject.toml": PYPROJECT})
    rich = 'rich; python_version < "3"'
    assert found.lines == ("attrs", "httpx>=0.27", "mock", "pytest-cov", rich, "ruff", "tox")
    assert found.problems == ()


def test_requirement_files_and_what_they_include(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "-r requirements/base.txt\n-c limits.txt\n-e .[test]\n-i https://u:p@mirror\n",
        "requirements/base.txt": "flask==3.0 \\\n  --hash=sha256:00\n-r ../requirements.txt\n-r ../../outside.txt\n",
        "requirements/dev.txt": "black # formatting\n",
        "limits.txt": "werkzeug<4\n",
        "../outside.txt": "evil\n",
    }
    found = asked(tmp_path / "shop", files)
    assert found == Wanted(lines=("black", "flask==3.0"), constraints=("werkzeug<4",))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"requirements.txt": "evil @ https://u:p@host/evil.whl\n"}, "requires evil from a URL"),
        ({"requirements.txt": "git+https://u:p@host/evil\n"}, "requires 'a URL'"),
        ({"requirements.txt": "./vendored\n"}, "requires './vendored'"),
        ({"setup.py": "open('ran', 'w')\nsetup(install_requires=open('x').read())\n"}, "setup.py computes"),
        (
            {"pyproject.toml": '[project]\nname = "a"\ndynamic = ["dependencies"]\n'},
            "computes its dependencies",
        ),
    ],
)
def test_what_cannot_be_had_is_a_problem_without_addresses(
    tmp_path: Path, files: dict[str, str | bytes], said: str
) -> None:
    found = asked(tmp_path, files)
    assert len(found.problems) == 1
    assert said in found.problems[0]
    assert "host" not in found.problems[0]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        ({"setup.py": "needs = ['attrs']\nsetup(install_requires=needs)\n"}, ("attrs",)),
        (
            {
                "requirements-dev.txt": "-e .[socks]\n",
                "pyproject.toml": '[project]\nname = "a"\n[project.optional-dependencies]\nsocks = ["pysocks"]\n',
            },
            ("pysocks",),
        ),
        (
            {"setup.py": "from setuptools import setup\nsetup(install_requires=['attrs>=22'])\n"},
            ("attrs>=22",),
        ),
        (
            {
                "setup.cfg": "[options]\ninstall_requires =\n    attrs\n[options.extras_require]\ntests = mock\n"
            },
            ("attrs", "mock"),
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "a"\ndynamic = ["dependencies"]\n'
                '[tool.setuptools.dynamic]\ndependencies = {file = ["needs.in"]}\n',
                "needs.in": "attrs\n",
            },
            ("attrs",),
        ),
        (
            {
                "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\nattrs = "^22.1"\nmock = "~1.2"\n'
                'rich = "*"\nzope = {version = "^0.3.1"}\n[tool.poetry.group.dev.dependencies]\nruff = ">=0.1,<1"\n'
            },
            ("attrs<23,>=22.1", "mock<1.3,>=1.2", "rich", "ruff<1,>=0.1", "zope<0.4,>=0.3.1"),
        ),
    ],
)
def test_other_places(tmp_path: Path, files: dict[str, str | bytes], lines: tuple[str, ...]) -> None:
    assert asked(tmp_path, files) == Wanted(lines=lines)


def test_links_out_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, {"outside.txt": "evil\n", "shop/README": ""})
    (tmp_path / "shop/requirements.txt").symlink_to(tmp_path / "outside.txt")
    assert wanted(FolderFiles(tmp_path / "shop")) == Wanted()


def test_plain_requirements_of_tox(tmp_path: Path) -> None:
    put(tmp_path, {"tox.ini": "[testenv]\ndeps =\n    mock\n    -r {toxinidir}/x.txt\n    attrs==22\n"})
    assert tox_lines(FolderFiles(tmp_path)) == ["mock", "attrs==22"]
