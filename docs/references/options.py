"""Options and return values, as Ansible's specifications describe them, in Markdown."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from antsibull_docs_parser import dom
from antsibull_docs_parser.format import LinkProvider
from antsibull_docs_parser.md import to_md
from antsibull_docs_parser.parser import Context, parse
from mkdocs.exceptions import PluginError

Described = Mapping[str, Any]

# The library escapes for CommonMark, in which every sign may have a backslash. Python-Markdown knows these alone.
_ESCAPED = re.compile(r"\\([^\\`*_{}\[\]()>#+\-.!])")


class _Neighbours(LinkProvider):
    """Links to the collection's own plugins, whose pages stand in folders side by side."""

    def plugin_link(self, plugin: dom.PluginIdentifier) -> str | None:
        collection, _, name = plugin.fqcn.rpartition(".")
        return f"../{plugin.type}s/{name}.md" if collection == "tenrec.cloud" else None


def paragraphs(owner: str, text: str | list[str] | None) -> str:
    """A description in Markdown, its parts apart by empty lines.

    :param owner: whose description it is, for the error
    :raises PluginError: when there is none, or when it has markup that Ansible does not know
    """
    parts = [text] if isinstance(text, str) else text or []
    if not any(part.strip() for part in parts):
        raise PluginError(f"{owner} has no description")
    try:
        parsed = parse(parts, Context(), errors="exception")
    except ValueError as error:
        raise PluginError(f"the description of {owner}: {error}") from error
    return _ESCAPED.sub(lambda sign: html.escape(sign[1], quote=False), to_md(parsed, link_provider=_Neighbours()))


def options(owner: str, described: Mapping[str, Described], defaults: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The lines about each option, under a heading of its own.

    :param defaults: the defaults when they stand elsewhere
    :raises PluginError: when one has no description
    """
    for name, option in described.items():
        if defaults is not None and name in defaults:
            option = {**option, "default": defaults[name]}
        yield from ("", f"#### `{name}`", "", f"*{_kind(option)}*" + _default(option), "")
        yield paragraphs(f"option {name} of {owner}", option.get("description"))
        yield ""
        yield from _parts(f"{owner}: {name}", option)


def returned(owner: str, described: Mapping[str, Described]) -> Iterator[str]:
    """The lines about each value that a module returns.

    :raises PluginError: when one has no description
    """
    for name, value in described.items():
        yield from ("", f"#### `{name}` (returned)", "", f"*{_kind(value)}; {value.get('returned', 'always')}*", "")
        yield paragraphs(f"return value {name} of {owner}", value.get("description"))
        yield ""
        yield from _parts(f"{owner}: {name}", value)


def _parts(owner: str, described: Described, depth: int = 0) -> Iterator[str]:
    """What is in a dict or in each dict of a list: one item of a nested list each, four spaces for a level."""
    for key in ("suboptions", "options", "contains"):
        for name, part in (described.get(key) or {}).items():
            text = paragraphs(f"{name} of {owner}", part.get("description")).replace("\n\n", " ")
            yield f"{'    ' * depth}- **`{name}`** (*{_kind(part)}*{_default(part, inline=True)}): {text}"
            yield from _parts(f"{owner}.{name}", part, depth + 1)


def _kind(option: Described) -> str:
    """Its type, what a list holds, what it may be, and whether it must be given."""
    kind = option.get("type", "str")
    if "elements" in option:
        kind += f" of {option['elements']}"
    if "choices" in option:
        kind += f", one of {', '.join(f'`{choice}`' for choice in option['choices'])}"
    return f"{kind}, required" if option.get("required") else kind


def _default(option: Described, *, inline: bool = False) -> str:
    """Its default as JSON, if it has one; in a block of its own when that is long, and when it may be."""
    if "default" not in option:
        return ""
    text = json.dumps(option["default"], ensure_ascii=False)
    if not inline and len(text) > 80:
        return ", default:\n\n```json\n" + json.dumps(option["default"], ensure_ascii=False, indent=2) + "\n```"
    return f", default `{text}`"
