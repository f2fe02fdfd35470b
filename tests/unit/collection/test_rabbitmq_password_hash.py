"""The hash that RabbitMQ's definitions hold."""

import base64
import hashlib

from ansible_collections.tenrec.cloud.plugins.filter.rabbitmq_password_hash import rabbitmq_password_hash


def test_is_salt_and_digest_of_salt_and_password():
    raw = base64.b64decode(rabbitmq_password_hash("secret", "tenrec"))
    assert len(raw) == 36
    assert raw[4:] == hashlib.sha256(raw[:4] + b"secret").digest()


def test_same_input_same_hash_and_another_user_another_salt():
    assert rabbitmq_password_hash("secret", "tenrec") == rabbitmq_password_hash("secret", "tenrec")
    assert rabbitmq_password_hash("secret", "tenrec")[:5] != rabbitmq_password_hash("secret", "other")[:5]
