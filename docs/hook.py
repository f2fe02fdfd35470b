"""What mkdocs calls while it builds: adds the pages that are made of the repository's own files."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from references.pages import Pages

REPOSITORY = Path(__file__).resolve().parent.parent


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the references after what `mkdocs.yml` lists."""
    config.nav = [*(config.nav or []), {"Reference": Pages(REPOSITORY).navigation()}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and lead links that leave `docs/` to the pages of what they name."""
    pages = Pages(REPOSITORY)
    texts = pages.made()
    for file in list(files.documentation_pages()):
        uri = file.src_uri
        texts[uri] = pages.site.relink(file.content_string, f"docs/{uri}", uri)
        files.remove(file)
    for uri, text in texts.items():
        files.append(File.generated(config, uri, content=text))
    for uri, text in pages.linked().items():
        files.append(File.generated(config, uri, content=text, inclusion=InclusionLevel.NOT_IN_NAV))
    return files
