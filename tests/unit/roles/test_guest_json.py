"""The tiny guest reads metadata with a few lines of awk. They must survive what tenants type."""

import json
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/guest_image/files/tiny/usr/lib/guest/json.awk"


def scalars(text):
    """What the program prints for a JSON text, as pairs of path and value."""
    done = subprocess.run(["awk", "-f", PROGRAM], input=text, capture_output=True, text=True, check=True, timeout=20)
    return [tuple(line.split("\t", 1)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("indent", [None, 2])
def test_prints_each_scalar_with_its_path(indent):
    document = {
        "hostname": "web-1",
        "launch_index": 0,
        "public_keys": {"mine": "ssh-ed25519 AAAA me@here"},
        "keys": [{"name": "mine", "type": "ssh"}, {"name": "other"}],
        "empty": {},
        "none": [],
        "ok": True,
    }
    assert scalars(json.dumps(document, indent=indent)) == [
        ("hostname", "web-1"),
        ("launch_index", "0"),
        ("public_keys.mine", "ssh-ed25519 AAAA me@here"),
        ("keys.0.name", "mine"),
        ("keys.0.type", "ssh"),
        ("keys.1.name", "other"),
        ("ok", "true"),
    ]


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ('say "hostname": "evil"', 'say "hostname": "evil"'),
        ("back\\slash\\", "back\\slash\\"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("$(reboot) `id` {{ 7*7 }} ; rm -rf /", "$(reboot) `id` {{ 7*7 }} ; rm -rf /"),
        ("caf\u00e9", "caf?"),
        ("", ""),
        ("}]},{[", "}]},{["),
    ],
)
def test_a_value_stays_one_value(typed, printed):
    assert scalars(json.dumps({"name": typed, "hostname": "good"})) == [("name", printed), ("hostname", "good")]


@pytest.mark.parametrize("text", ["", "{", '{"a"', '{"a": [1, ', "[[[["])
def test_a_broken_text_ends(text):
    scalars(text)


def test_a_large_document_is_quick():
    assert len(scalars(json.dumps({"meta": {f"key{n}": "x" * 255 for n in range(128)}}))) == 128
