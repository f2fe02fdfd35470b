"""The variables file is YAML that a plain YAML reader reads back exactly."""

import pytest
import yaml

from tenrec_api.orchestration import variables


class Reader(yaml.SafeLoader):
    """Reads `!unsafe` as what stands under it."""


Reader.add_constructor("!unsafe", lambda loader, node: loader.construct_mapping(node, deep=True))


@pytest.mark.parametrize(
    "value",
    [
        {"a": "plain"},
        {"text": "".join(map(chr, [*range(0x20), 0x7F, 0x85, 0x2028, 0xFEFF, 0xFFFE, 0x1F600, 0x10FFFF]))},
        {"k" * 3000: ["v"] * 3, "": "", "yes": "no", "<<": "x", "a: b": "# c", "nested": [[], {}, [[{"x": None}]]]},
        {"numbers": [0, -1, 10**30, 1.5, 1e20, 1e-20, -0.0, 123456.789], "truth": [True, False]},
    ],
)
def test_it_reads_back_exactly(tmp_path, value):
    path = tmp_path / "extravars"
    variables.write(path, {"things": value})
    assert yaml.load(path.read_text(), Loader=Reader) == {"things": value}
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_never_writes_over_another_run(tmp_path):
    variables.write(tmp_path / "extravars", {})
    with pytest.raises(FileExistsError):
        variables.write(tmp_path / "extravars", {})


def test_a_bottomless_value_is_refused():
    value = []
    value.append(value)
    with pytest.raises(variables.Untransportable, match="deep"):
        variables.check({"id": value})


def test_a_refusal_says_where():
    with pytest.raises(variables.Untransportable, match=r"item\.meta\[\].*reserved"):
        variables.check({"id": "a", "meta": [{"__ansible_type": 1}]})
