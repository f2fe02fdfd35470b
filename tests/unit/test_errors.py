"""What the database says becomes an answer that tells the client what to do."""

import pytest
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError, TimeoutError

from tenrec_api.services.volume import volumes


@pytest.mark.parametrize(
    ("kind", "status"),
    [(OperationalError, 503), (DataError, 400), (IntegrityError, 500)],
    ids=["busy", "value", "ours"],
)
def test_an_error_of_the_database_has_its_status(client, monkeypatch, kind, status):
    def refuse(*args, **kwargs):
        raise kind("SELECT secret", {}, Exception("Deadlock found when trying to get lock"))

    monkeypatch.setattr(volumes, "find", refuse)
    answer = client.get("/volume/v3/volumes")
    assert answer.status_code == status
    assert "secret" not in answer.get_data(as_text=True)
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("QueuePool limit of size 8 overflow 8 reached"),
        InternalError("SELECT 1", {}, Exception("Packet sequence number wrong"), connection_invalidated=True),
    ],
    ids=["no connection is free", "the connection broke"],
)
def test_a_database_that_is_away_is_503_whatever_the_driver_calls_it(client, monkeypatch, error):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(volumes, "find", refuse)
    answer = client.get("/volume/v3/volumes")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2")
