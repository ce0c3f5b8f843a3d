"""Says in one sentence why work failed, where the reason is known; commands and tasks both ask here."""

from __future__ import annotations

import errno

from yaml import YAMLError

from include.domain.errors import AkubillError, FatalError
from include.warehouse.outages import is_refusal, outage_reason, refusal_reason

#: What a system says of a file without naming it: it is full, at a limit, read-only or broken.
_OF_THE_SYSTEM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.EIO}
#: What a system says of a path that cannot be used, however often one tries.
_OF_THE_PATH = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP),
    *(errno.EXDEV, errno.ENOTEMPTY),
}


def lasts(error: BaseException) -> bool:
    """Whether trying again would give the same: our fatal errors, a path, YAML or a value that cannot be used."""
    if isinstance(error, OSError):
        return error.errno in _OF_THE_PATH
    return isinstance(error, FatalError | YAMLError) or is_refusal(error)


def known_reason(error: BaseException) -> str | None:
    """What was wrong and what to do: for our own errors, an outage, a file or value that cannot be used; else None."""
    if isinstance(error, AkubillError):
        return str(error)
    if isinstance(error, YAMLError):
        return f"This is not YAML: {' '.join(str(error).split())}. Correct it there."
    return _outage(error) or refusal_reason(error) or _file_trouble(error)


def _outage(error: BaseException) -> str | None:
    reason = outage_reason(error)
    if reason is None:
        return None
    return (
        f"The warehouse does not answer: {reason}. Check that its server runs and that the Airflow connection "
        "`warehouse` is right; `akubill doctor` looks at each part."
    )


def _file_trouble(error: BaseException) -> str | None:
    if not isinstance(error, OSError) or not error.strerror:
        return None
    if error.filename is not None:
        return f"{error.filename!r} cannot be used: {error.strerror}. Check the path and who may read and write it."
    if error.errno in _OF_THE_PATH:
        return f"A file cannot be used: {error.strerror}. Check the path and who may read and write it."
    if error.errno in _OF_THE_SYSTEM:
        return f"A file could not be read or written: {error.strerror}. Look at the disk and its limits, and try again."
    return None
