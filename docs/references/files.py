"""Links from a page to files of the repository: each such file gets a page, so that the link holds."""

import os
import re
from pathlib import Path, PurePosixPath

# The target of a Markdown link, without its anchor; neither another site nor an anchor alone.
_TARGET = re.compile(r"(?<=\]\()(?![a-z]+:|#)[^)#\s]+")


class Site:
    """Which file of the repository stands on which page.

    :param repository: the repository's folder
    :param pages: paths in the repository, and the page (`src_uri`) that shows each
    """

    def __init__(self, repository: Path, pages: dict[str, str]) -> None:
        self.repository = repository.resolve()
        self.pages = dict(pages)

    def relink(self, markdown: str, source: str, uri: str) -> str:
        """Lead the links of a page to pages.

        :param source: path in the repository that the links start from, there or not
        :param uri: the page on which the text will stand
        :return: the text; a link to nothing is left as it is, for mkdocs to object to
        """

        def lead(found: re.Match[str]) -> str:
            page = self._page(os.path.normpath(f"{PurePosixPath(source).parent}/{found[0]}"))
            return os.path.relpath(page, PurePosixPath(uri).parent) if page else found[0]

        return _TARGET.sub(lead, markdown)

    def _page(self, path: str) -> str | None:
        """The page of a file, of a folder's README, or of a page's own source; None where there is no such thing."""
        if path.startswith("docs/"):
            return path.removeprefix("docs/")
        file = self.repository / path
        if file.is_dir():
            path, file = f"{path}/README.md", file / "README.md"
        if path.startswith("..") or not file.is_file():
            return None
        plain = path if path.endswith(".md") else f"{path}.md"
        return self.pages.setdefault(path, f"files/{plain}")

    def show(self, path: str, uri: str) -> str:
        """The page of a file: Markdown as it is, everything else as a block of text."""
        text = (self.repository / path).read_text()
        if path.endswith(".md"):
            return self.relink(text, path, uri)
        return f"# {path}\n\n~~~~~~\n{text.rstrip()}\n~~~~~~\n"
