"""What is hidden of an item, and how it is found again."""

import json

import pytest

from tenrec_api.orchestration.redaction import HIDDEN, Unknown, hide, reveal, scrub, secrets_of

ITEM = {
    "id": "a",
    "name": "web",
    "image": {"id": "i", "token": "sesame open"},
    "volumes": [{"id": "v1", "chap_password": "swordfish"}, {"id": "v2", "chap_password": "haddock!"}],
    "numbers": [1, None, True],
}


def hidden(item):
    return hide(item, secrets_of(item))


def test_secrets_are_hidden_under_their_keys_and_all_else_stays():
    shown = hidden(ITEM)
    assert shown["image"] == {"id": "i", "token": HIDDEN}
    assert shown["volumes"] == [{"id": "v1", "chap_password": HIDDEN}, {"id": "v2", "chap_password": HIDDEN}]
    assert (shown["name"], shown["numbers"]) == ("web", [1, None, True])


def test_a_secret_is_hidden_wherever_else_it_stands():
    shown = hidden({"id": "a", "token": "sesame", "name": "say sesame", "list": [{"x": ["sesame"]}], "sesame": 1})
    assert shown == {"id": "a", "token": HIDDEN, "name": f"say {HIDDEN}", "list": [{"x": [HIDDEN]}], HIDDEN: 1}


@pytest.mark.parametrize("secret", ['say "friend"', "é and ü", "a\\b\nc\td", "\U0001f600 smile"])
def test_a_secret_is_hidden_as_json_spells_it(secret):
    for text in (secret, json.dumps(secret), json.dumps({"msg": [secret]}, ensure_ascii=False)):
        assert HIDDEN in scrub(text, [secret])
        assert secret[-5:] not in scrub(text, [secret])


def test_what_was_hidden_is_found_again_and_all_else_is_kept():
    now = json.loads(json.dumps(ITEM))
    now["name"] = "renamed since"
    now["image"]["token"] = "another token"
    now["volumes"].reverse()
    found = reveal(hidden(ITEM), now, "item a")
    assert found == ITEM | {"image": {"id": "i", "token": "another token"}}


def test_a_tenants_own_asterisks_need_not_be_secret():
    item = {"id": "a", "name": HIDDEN}
    assert hidden(item) == item
    assert reveal(item, {"id": "a", "name": HIDDEN}, "item a") == item


@pytest.mark.parametrize(
    ("now", "where"),
    [
        (None, r"item a\.image\.token"),
        ({"id": "a", "image": None}, r"item a\.image\.token"),
        ({"id": "a", "image": {"token": ""}}, r"item a\.image\.token"),
        ({"id": "a", "image": {"token": "x"}, "volumes": [ITEM["volumes"][0]]}, r"item a\.volumes\[1\]\.chap_password"),
    ],
)
def test_what_is_gone_is_named_and_never_made_up(now, where):
    with pytest.raises(Unknown, match=where):
        reveal(hidden(ITEM), now, "item a")
