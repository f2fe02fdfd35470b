"""Tokens: got by password, validated, re-scoped, given back."""

TOKENS = "/identity/v3/auth/tokens"


def by_password(password: str, user: str = "tenrec", **scope) -> dict:
    """The body of a request for a token."""
    user = {"name": user, "domain": {"id": "default"}, "password": password}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, **scope}}


def test_a_password_gives_a_token_in_the_default_project(anonymous, passwords):
    answer = anonymous.post(TOKENS, json=by_password(passwords["tenrec"]))
    assert answer.status_code == 201
    assert answer.headers["X-Subject-Token"].startswith("gAAAA")
    token = answer.json["token"]
    assert token["project"]["name"] == "demo"
    assert [role["name"] for role in token["roles"]] == ["member"]
    kinds = {service["type"] for service in token["catalog"]}
    assert kinds == {"identity", "image", "compute", "network", "volumev3", "block-storage", "placement"}


def test_wrong_password_and_unknown_user_look_alike(anonymous):
    wrong = anonymous.post(TOKENS, json=by_password("wrong"))
    unknown = anonymous.post(TOKENS, json=by_password("wrong", user="nobody"))
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json == unknown.json
    assert wrong.headers["WWW-Authenticate"] == 'Keystone uri="https://cloud.test/identity/v3"'


def test_an_unscoped_token_can_be_rescoped(anonymous, passwords):
    unscoped = anonymous.post(TOKENS, json=by_password(passwords["tenrec"], scope="unscoped"))
    assert "project" not in unscoped.json["token"]
    assert "catalog" not in unscoped.json["token"]
    body = {
        "auth": {
            "identity": {"methods": ["token"], "token": {"id": unscoped.headers["X-Subject-Token"]}},
            "scope": {"project": {"name": "demo", "domain": {"name": "Default"}}},
        }
    }
    scoped = anonymous.post(TOKENS, json=body)
    assert scoped.json["token"]["project"]["name"] == "demo"
    assert scoped.json["token"]["expires_at"] == unscoped.json["token"]["expires_at"]


def test_a_scope_without_a_role_is_refused(anonymous, passwords):
    scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
    assert anonymous.post(TOKENS, json=by_password(passwords["tenrec"], scope=scope)).status_code == 401
    assert (
        anonymous.post(TOKENS, json=by_password(passwords["tenrec"], scope={"system": {"all": True}})).status_code
        == 401
    )


def test_a_revoked_token_is_worth_nothing(client):
    subject = {"X-Subject-Token": client.token}
    assert client.get(TOKENS, headers=subject).status_code == 200
    assert client.delete(TOKENS, headers=subject).status_code == 204
    assert client.get(TOKENS, headers=subject).status_code == 401


def test_anothers_token_is_not_found(client, other, admin):
    subject = {"X-Subject-Token": client.token}
    assert other.get(TOKENS, headers=subject).status_code == 404
    assert admin.get(TOKENS, headers=subject).json["token"]["project"]["name"] == "demo"


def test_a_forged_token_is_refused(anonymous):
    for forged in ("", "x", "gAAAAABk", "é" * 10):
        assert anonymous.get("/identity/v3/auth/catalog", headers={"X-Auth-Token": forged.encode()}).status_code == 401
