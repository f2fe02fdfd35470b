"""What the documentation says to type can be typed: the launcher takes it, and the files that it names are there."""

import re
import shlex
from pathlib import Path

import pytest

from launcher import cli, operations

REPOSITORY = Path(__file__).resolve().parents[3]
PAGES = (
    "*.md",
    "docs/*.md",
    "inventories/*.md",
    "roles/*/README.md",
    "collections/ansible_collections/tenrec/cloud/*.md",
)
TEXTS = {path: path.read_text() for pattern in PAGES for path in sorted(REPOSITORY.glob(pattern))}

# A line of a block: the program, and its words up to a comment, another command or a pipe.
_LINE = r"^(?: {{4}}| {{2}})(?:\$ )?{program}((?: [^\s|&>;#]\S*)+)"
# Words in capitals stand for something, `…` for more of it.
_PLACEHOLDERS = {"[PART…]": "unit", "[--check]": "--check", "COMMAND…": "hostname", "<role>": "chrony"}


def commands(program):
    """Pairs of page and words: the commands of this program in blocks and in `code`."""
    found = []
    for path, text in TEXTS.items():
        lines = re.findall(_LINE.format(program=re.escape(program)), text, re.MULTILINE)
        lines += re.findall(rf"`{re.escape(program)} ([^`…<|]+)`", text)
        found += [(path.relative_to(REPOSITORY), line.strip()) for line in lines]
    return sorted(set(found), key=str)


def words_of(line):
    return [_PLACEHOLDERS.get(word, word) for word in shlex.split(line)]


@pytest.mark.parametrize(("page", "line"), commands("./tenrec"))
def test_launcher_takes_what_a_page_says(page, line):
    words = words_of(line)
    own, passed_on = cli._split(words)
    if own != ["--help"]:
        assert callable(cli._parser().parse_args(own).run)
    if own == ["operation"] and passed_on:
        assert callable(operations._parser().parse_args(passed_on).run)


@pytest.mark.parametrize(("page", "line"), [each for each in commands("ansible-playbook") if "-i " in each[1]])
def test_files_that_a_page_deploys_by_are_there(page, line):
    words = words_of(line)
    files = [word for word in words if word.endswith(".yml") and not word.startswith((".tenrec/", "/", "@"))]
    # `mysite` and `NAME` are the reader's own.
    files += [word for word in words if re.fullmatch(r"inventories/(?!mysite|NAME).+", word)]
    assert [file for file in files if not (REPOSITORY / file).exists()] == []


def test_pages_have_commands():
    assert len(commands("./tenrec")) > 30
    assert len(commands("ansible-playbook")) > 5
