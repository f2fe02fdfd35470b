"""Projects, users, roles and the catalog's rows, made and used as an administrator does."""

import pytest

V3 = "/identity/v3"


def make(admin, noun: str, **attributes) -> dict:
    """Make one of `noun` and return it."""
    answer = admin.post(f"{V3}/{noun}s", json={noun: attributes})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.json[noun]


def log_in(http, user: str, password: str, project: str):
    """Ask for a token."""
    user = {"name": user, "domain": {"id": "default"}, "password": password}
    scope = {"project": {"name": project, "domain": {"id": "default"}}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    return http.post(f"{V3}/auth/tokens", json=body)


def test_a_new_member_can_log_in_once_it_has_a_role_and_no_longer_after(admin, anonymous):
    project = make(admin, "project", name="web", description="Shop")
    user = make(admin, "user", name="ada", password="correct horse", email="ada@example.org", nickname="Countess")
    assert "password" not in user and user["nickname"] == "Countess"
    assert log_in(anonymous, "ada", "correct horse", "web").status_code == 401
    member = admin.get(f"{V3}/roles?name=member").json["roles"][0]
    grant = f"{V3}/projects/{project['id']}/users/{user['id']}/roles/{member['id']}"
    assert admin.get(grant).status_code == 404
    assert admin.put(grant).status_code == 204
    assert admin.put(grant).status_code == 204
    answer = log_in(anonymous, "ada", "correct horse", "web")
    assert answer.status_code == 201
    token = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
    assert [each["name"] for each in anonymous.get(f"{V3}/auth/projects", headers=token).json["projects"]] == ["web"]
    assert admin.delete(grant).status_code == 204
    assert anonymous.get(f"{V3}/auth/projects", headers=token).status_code == 401


def test_a_changed_password_ends_the_tokens(admin, client, anonymous, passwords):
    body = {"user": {"original_password": passwords["tenrec"], "password": "another one"}}
    wrong = {"user": {"original_password": "guess", "password": "another one"}}
    assert client.post(f"{V3}/users/{client.user_id}/password", json=wrong).status_code == 401
    assert client.post(f"{V3}/users/{client.user_id}/password", json=body).status_code == 204
    assert client.get(f"{V3}/auth/projects").status_code == 401
    assert log_in(anonymous, "tenrec", "another one", "demo").status_code == 201


def test_names_are_unique_in_a_domain(admin):
    make(admin, "project", name="web")
    assert admin.post(f"{V3}/projects", json={"project": {"name": "web"}}).status_code == 409
    domain = make(admin, "domain", name="else")
    assert make(admin, "project", name="web", domain_id=domain["id"])["domain_id"] == domain["id"]
    assert admin.delete(f"{V3}/domains/{domain['id']}").status_code == 403
    admin.patch(f"{V3}/domains/{domain['id']}", json={"domain": {"enabled": False}})
    assert admin.delete(f"{V3}/domains/{domain['id']}").status_code == 409


def test_a_member_sees_itself_and_no_one_else(client, other):
    assert client.get(f"{V3}/users/{client.user_id}").json["user"]["name"] == "tenrec"
    assert client.get(f"{V3}/users/{other.user_id}").status_code == 404
    assert client.get(f"{V3}/projects/{client.project_id}").json["project"]["name"] == "demo"
    assert client.get(f"{V3}/projects/{other.project_id}").status_code == 404
    for path in ("users", "projects", "roles", "domains", "services", "role_assignments"):
        assert client.get(f"{V3}/{path}").status_code == 403
    for noun in ("user", "project", "role", "domain"):
        assert client.post(f"{V3}/{noun}s", json={noun: {"name": "x"}}).status_code == 403


def test_assignments_are_listed_with_names(admin, client):
    query = f"user.id={client.user_id}&include_names=true"
    (row,) = admin.get(f"{V3}/role_assignments?{query}").json["role_assignments"]
    assert row["user"]["name"] == "tenrec"
    assert row["role"]["name"] == "member"
    assert row["scope"]["project"]["name"] == "demo"


def test_the_catalog_can_be_extended(admin):
    service = make(admin, "service", type="object-store", name="swift")
    make(
        admin,
        "endpoint",
        service_id=service["id"],
        interface="public",
        region="RegionOne",
        url="https://s/%(project_id)s",
    )
    entries = {entry["type"]: entry for entry in admin.get(f"{V3}/auth/catalog").json["catalog"]}
    assert entries["object-store"]["endpoints"][0]["url"] == f"https://s/{admin.project_id}"
    assert admin.delete(f"{V3}/services/{service['id']}").status_code == 204
    assert "object-store" not in {entry["type"] for entry in admin.get(f"{V3}/auth/catalog").json["catalog"]}


@pytest.mark.parametrize("noun", ["domain", "project", "user", "role", "region", "service", "endpoint"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "x" * 100_000, "nul\0", {"name": 5}, {"name": "n" * 1_000_000}])
def test_wrong_bodies_are_refused_with_a_reason(admin, noun, value):
    for answer in (
        admin.post(f"{V3}/{noun}s", json={noun: value}),
        admin.post(f"{V3}/{noun}s", json=value),
        admin.patch(f"{V3}/{noun}s/unknown", json={noun: {"name": "x", "type": "x"}}),
    ):
        if noun == "region" and answer.status_code == 201:
            continue
        assert 400 <= answer.status_code < 500
        assert answer.json["error"]["message"]


def test_hostile_names_come_back_verbatim(admin):
    for name in ("{{ lookup('pipe', 'id') }}", "</name><devices/>", "; rm -rf /", "../../etc"):
        project = make(admin, "project", name=name)
        assert admin.get(f"{V3}/projects/{project['id']}").json["project"]["name"] == name
        assert [row["id"] for row in admin.get(f"{V3}/projects", query_string={"name": name}).json["projects"]] == [
            project["id"]
        ]
