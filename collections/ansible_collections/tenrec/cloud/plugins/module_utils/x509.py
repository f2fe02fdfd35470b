# Copyright: the Tenrec authors
# SPDX-License-Identifier: Apache-2.0
"""A small certificate authority: what a certificate should say, whether one still says it, and how it is made."""

from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Hosts' clocks may lag behind that of the deploying machine.
CLOCK_SKEW = datetime.timedelta(hours=1)


def new_key():
    """A new private key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key):
    """`key` as unencrypted PKCS#8 PEM bytes."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(certificate):
    """`certificate` as PEM bytes."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def alternative_names(names, addresses):
    """The subject alternative names for DNS `names` and IP `addresses`; ValueError names an address that is none."""
    return [x509.DNSName(name) for name in names] + [
        x509.IPAddress(ipaddress.ip_address(address)) for address in addresses
    ]


def _builder(subject, issuer, public_key, days):
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _key_usage(authority):
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def common_name(text):
    """A distinguished name that holds only the common name `text`."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make_authority(key, name, days):
    """A self-signed certificate of an authority that may sign end entities only."""
    subject = common_name(name)
    return (
        _builder(subject, subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_certificate(authority, authority_key, public_key, name, alternatives, days):
    """A certificate, for servers and clients of TLS, signed by the authority and never outliving it."""
    days = min(days, max((authority.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).days, 1))
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder(common_name(name), authority.subject, public_key, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def why_authority_unfit(certificate, key, renew_days):
    """Why the authority must be made anew, or "" when it is fit."""
    if certificate.public_key() != key.public_key():
        return "its key is another"
    return _why_expiring(certificate, renew_days)


def why_unfit(certificate, key, authority, name, alternatives, renew_days):
    """Why a host's certificate must be made anew, or "" when it is fit."""
    if certificate.public_key() != key.public_key():
        return "its key is another"
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # several kinds are raised; each says that another authority signed it
        return "another authority signed it"
    if certificate.subject != common_name(name):
        return "its subject is another"
    present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if list(present) != list(alternatives):
        return "its names are others"
    return _why_expiring(certificate, renew_days)


def _why_expiring(certificate, renew_days):
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return f"it expires in {left.days} days" if left.days < renew_days else ""
