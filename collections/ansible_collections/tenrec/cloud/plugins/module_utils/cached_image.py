"""Images on the hosts that use them: fetched once, verified, kept beside a note of what they are.

An image `<id>` has a note `<id>.json` with `disk_format`, `sha512`, `size` and `virtual_size` (bytes), written after
the image is complete, and a lock `<id>.lock`: shared while an overlay of the image is made, exclusive while it is
fetched or removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import grp
import hashlib
import http.client
import json
import os
import pathlib
import ssl
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import uuid

from ansible_collections.tenrec.cloud.plugins.module_utils import qemu_img

CHUNK_BYTES = 1 << 20
# One read from the image service may not take longer than this, however long the whole image may take.
STALL_SECONDS = 30


class FetchFailed(Exception):
    """An image could not be brought here; the message says why."""


class FetchCutShort(FetchFailed):
    """The image service did not answer, or broke off: another try may help."""


class CachedImage:
    """One image in a host's cache; it need not be there yet."""

    def __init__(self, cache, image_id):
        """Arguments: cache: the folder. image_id: a UUID; anything else raises ValueError, for it becomes a file's
        name."""
        self.id = str(uuid.UUID(image_id))
        self._cache = pathlib.Path(cache)
        self.path = self._cache / self.id
        self._note = self._cache / f"{self.id}.json"
        self._lock = self._cache / f"{self.id}.lock"

    def note(self):
        """What the image is, or None when it is not completely here."""
        try:
            note = json.loads(self._note.read_text())
            return note if self.path.stat().st_size == note["size"] else None
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def locked(self, deadline, shared=False):
        """Hold the image's lock. Raises TimeoutError when others hold it until the deadline."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        lock = deadline.wait_until(lambda: self._taken(kind))
        if not lock:
            raise TimeoutError(f"image {self.id} was in use by another run until the deadline")
        with lock:
            yield

    def _taken(self, kind):
        lock = self._lock.open("a")
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            # Whoever held it may have removed the image and the lock with it.
            if os.path.samestat(os.fstat(lock.fileno()), self._lock.stat()):
                return lock
        except (BlockingIOError, FileNotFoundError):
            pass
        lock.close()
        return None

    def keep(self, source, disk_format, sha512, deadline, group):
        """Take an image in: verify it, look at it, and only then give it its name. Call it with the lock held.

        Arguments: source: what yields the image's bytes, chunk by chunk. sha512: the expected checksum, hexadecimal.
        group: name of a group that may read the image, where there is such a group.
        Raises FetchFailed, qemu_img.ImageRefused.
        """
        self._note.unlink(missing_ok=True)
        self._remove_unfinished()
        descriptor, name = tempfile.mkstemp(prefix=f".{self.id}-", dir=self._cache)
        fresh = pathlib.Path(name)
        try:
            with os.fdopen(descriptor, "wb") as image:
                found = _written(source, image, deadline)
            if found != sha512:
                raise FetchFailed(f"the image's SHA-512 is {found[:16]}…, expected {sha512[:16]}…")
            note = {
                "disk_format": disk_format,
                "sha512": sha512,
                "size": fresh.stat().st_size,
                "virtual_size": qemu_img.inspect(fresh, disk_format, max(1, deadline.remaining(at_most=60))),
            }
            _let_read(fresh, group)
            fresh.replace(self.path)
        except BaseException:
            fresh.unlink()
            raise
        _write_note(self._note, note)
        return note

    def remove(self):
        """Remove the image, if it is here. Call it with the lock held."""
        self._remove_unfinished()
        for file in (self._note, self.path, self._lock):
            file.unlink(missing_ok=True)

    def _remove_unfinished(self):
        """Remove what a run that died has left: nobody else fetches while the lock is held."""
        for file in self._cache.glob(f".{self.id}-*"):
            file.unlink(missing_ok=True)

    def leftovers(self):
        """Whether there is any file of the image besides its lock."""
        return self._note.exists() or self.path.exists()


def https_body(url, token, authority, deadline):
    """Yield the body of an HTTPS response.

    Arguments: token: for the header X-Auth-Token, or None. authority: path of the certificates that the server's
    must come from. Raises FetchFailed, FetchCutShort.
    """
    if urllib.parse.urlsplit(url).scheme != "https":
        raise FetchFailed("the image's URL must begin with https://")
    request = urllib.request.Request(url, headers={"X-Auth-Token": token} if token else {})
    try:
        context = ssl.create_default_context(cafile=authority)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect())
        with opener.open(request, timeout=max(1, deadline.remaining(at_most=STALL_SECONDS))) as response:
            missing = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(CHUNK_BYTES):
                missing -= len(chunk)
                yield chunk
    except urllib.error.HTTPError as problem:
        kind = FetchCutShort if problem.code >= 500 else FetchFailed
        raise kind(f"the image could not be fetched: {problem}") from None
    except (OSError, http.client.HTTPException) as problem:
        if isinstance(getattr(problem, "reason", problem), ssl.SSLCertVerificationError):
            raise FetchFailed(f"the image could not be fetched: {problem}") from None
        raise FetchCutShort(f"the image could not be fetched: {problem}") from None
    if missing > 0:
        raise FetchCutShort(f"the image could not be fetched: the last {missing} bytes did not come")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for one server only."""

    def redirect_request(self, request, response, code, message, headers, new_url):
        """Follow nothing; the opener reports the redirection as an error."""
        return None


def _written(source, image, deadline):
    """Write chunks to a file; holes stay holes. Returns the SHA-512 of them all, hexadecimal."""
    checksum = hashlib.sha512()
    for chunk in source:
        if deadline.passed:
            raise FetchFailed("the image was not here by the deadline")
        checksum.update(chunk)
        if chunk.count(0) == len(chunk):
            image.seek(len(chunk), os.SEEK_CUR)
        else:
            image.write(chunk)
    image.truncate()
    return checksum.hexdigest()


def _let_read(path, group):
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        return
    path.chmod(0o640)


def _write_note(path, note):
    temporary = path.with_suffix(".json.new")
    temporary.write_text(json.dumps(note))
    temporary.replace(path)
