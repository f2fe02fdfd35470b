# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""The hash of a password as RabbitMQ keeps it."""

from __future__ import annotations

import base64
import hashlib
import hmac

DOCUMENTATION = r"""
name: rabbitmq_password_hash
short_description: The hash of a password as RabbitMQ keeps it
description:
  - Gives the salted SHA-256 hash that a definitions file holds under C(password_hash).
  - The salt is derived from the user and the password, so that the same input gives the same file. That is safe only
    for generated passwords, which no dictionary holds.
positional: user
options:
  _input:
    description: The password.
    type: str
    required: true
  user:
    description: The user's name.
    type: str
    required: true
"""

EXAMPLES = r"""
hash: "{{ password | tenrec.cloud.rabbitmq_password_hash('tenrec') }}"
"""

RETURN = r"""
_value:
  description: The hash, base64.
  type: str
"""


def rabbitmq_password_hash(password, user):
    """Base64 of salt (4 bytes) and SHA-256 of salt and password, as RabbitMQ's `rabbit_password_hashing_sha256`."""
    salt = hmac.new(password.encode(), user.encode(), hashlib.sha256).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


class FilterModule:
    """The filters of this file."""

    def filters(self):
        return {"rabbitmq_password_hash": rabbitmq_password_hash}
