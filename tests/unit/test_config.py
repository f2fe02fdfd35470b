"""The configuration's files."""

import pytest

from tenrec_api import config

NODE = '[[compute_nodes]]\nname = "one"\nvcpus = 2\nmemory_mib = 1024\ndisk_gib = 10\n'


def test_the_compute_nodes_may_be_in_a_file_of_their_own(tmp_path):
    (tmp_path / "api.toml").write_text('storage_node = "one"\n')
    assert config.load(str(tmp_path / "api.toml")).compute_nodes == ()
    (tmp_path / "compute_nodes.toml").write_text(NODE)
    (node,) = config.load(str(tmp_path / "api.toml")).compute_nodes
    assert (node.name, node.disk_gib) == ("one", 10)


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "api.toml").write_text("")
    (tmp_path / "compute_nodes.toml").write_text("[[compute_nodes")
    with pytest.raises(config.ConfigError, match=r"compute_nodes\.toml"):
        config.load(str(tmp_path / "api.toml"))
