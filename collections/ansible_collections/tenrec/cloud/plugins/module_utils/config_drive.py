"""The config drive of a server: what is on it, and the ISO image made of that.

The layout is that of OpenStack's config drive, version 2: `openstack/<version>/` and `ec2/<version>/` on a file
system with the label `config-2`.
"""

from __future__ import annotations

import base64
import binascii
import json
import pathlib
import subprocess
import tempfile

LABEL = "config-2"
OPENSTACK_VERSIONS = ("2018-08-27", "latest")
EC2_VERSIONS = ("2009-04-04", "latest")


def config_drive_files(config_drive):
    """The files of a config drive: dict of relative path to bytes.

    Arguments: config_drive: `meta_data`, `network_data` and `vendor_data` (documents or None), `user_data` (base64
    or None).
    Raises ValueError when the user data is not base64.
    """
    meta_data = config_drive.get("meta_data") or {}
    user_data = _decoded(config_drive.get("user_data"))
    files = {}
    for version in OPENSTACK_VERSIONS:
        folder = f"openstack/{version}"
        files[f"{folder}/meta_data.json"] = _json(meta_data)
        files[f"{folder}/network_data.json"] = _json(config_drive.get("network_data") or {})
        files[f"{folder}/vendor_data.json"] = _json(config_drive.get("vendor_data") or {})
        files[f"{folder}/vendor_data2.json"] = _json({})
        if user_data is not None:
            files[f"{folder}/user_data"] = user_data
    for version in EC2_VERSIONS:
        folder = f"ec2/{version}"
        files[f"{folder}/meta-data.json"] = _json(_ec2_meta_data(meta_data))
        if user_data is not None:
            files[f"{folder}/user-data"] = user_data
    return files


def iso_command(folder, image):
    """The argument list that makes an ISO image with Joliet and Rock Ridge names of all that is in a folder."""
    return [
        "genisoimage", "-quiet", "-output", image, "-volid", LABEL,
        "-joliet", "-rational-rock", "-full-iso9660-filenames", "-allow-lowercase", "-allow-multidot", folder,
    ]  # fmt: skip


def write_config_drive(files, path, timeout):
    """Make the ISO image `path` (0600) of `files`; it appears at once or not at all.

    Arguments: files: as `config_drive_files` returns them. timeout: seconds.
    Raises OSError, subprocess.TimeoutExpired, or RuntimeError with genisoimage's own words.
    """
    target = pathlib.Path(path)
    with tempfile.TemporaryDirectory(prefix=".config-drive-", dir=target.parent) as work:
        content = pathlib.Path(work, "content")
        for name, data in files.items():
            file = content / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        image = pathlib.Path(work, "image.iso")
        made = subprocess.run(
            iso_command(str(content), str(image)), capture_output=True, text=True, timeout=timeout, check=False
        )
        if made.returncode != 0:
            raise RuntimeError(f"genisoimage failed: {made.stderr.strip()}")
        image.chmod(0o600)
        image.replace(target)


def _json(document):
    # Escaped to ASCII: every reader of JSON understands it, whatever its locale.
    return json.dumps(document, sort_keys=True).encode("ascii")


def _decoded(user_data):
    if not user_data:
        return None
    try:
        return base64.b64decode(user_data, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise ValueError(f"the user data is not valid base64: {problem}") from None


def _ec2_meta_data(meta_data):
    hostname = meta_data.get("hostname", "")
    document = {
        "instance-id": meta_data.get("uuid", ""),
        "hostname": hostname,
        "local-hostname": hostname,
        "public-keys": {
            str(number): {"openssh-key": key, "_name": f"{number}={name}"}
            for number, (name, key) in enumerate(sorted((meta_data.get("public_keys") or {}).items()))
        },
    }
    if meta_data.get("availability_zone"):
        document["placement"] = {"availability-zone": meta_data["availability_zone"]}
    return document
