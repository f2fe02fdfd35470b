"""The history of the tables ends at what the models say."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tenrec_api import config, manage
from tenrec_api.database import make_engine
from tenrec_api.models import metadata


def test_the_migrations_make_the_tables_of_the_models(tmp_path: Path, capsys):
    file = tmp_path / "api.toml"
    file.write_text(f'[database]\nurl = "sqlite:///{tmp_path}/cloud.db"\n')
    assert manage.main(["--config", str(file), "db", "check"]) == 3
    assert manage.main(["--config", str(file), "db", "upgrade"]) == 0
    assert manage.main(["--config", str(file), "db", "check"]) == 0
    assert capsys.readouterr().out.split() == ["changed", "changed", "unchanged"]
    with make_engine(config.load(str(file)).database).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
