"""A private PostgreSQL server out of Debian's package: its own folder, a free port of the loopback address. It ends with the program
that started it. PostgreSQL refuses to run as root; its programs run as `nobody` then.
"""
import os
import pathlib
import signal
import subprocess
import tempfile

from .chaos_daemon import until
from .moto import free_port


class Server:
    def __init__(self, programs: pathlib.Path):
        self.programs, self.port = programs, free_port()
        self.process: subprocess.Popen | None = None
        self._databases = 0

    def __enter__(self) -> "Server":
        self.folder = tempfile.TemporaryDirectory(prefix="driftd-postgres-")
        data = pathlib.Path(self.folder.name) / "data"
        # The server's own user must reach it, whoever made it.
        os.chmod(self.folder.name, 0o777)
        subprocess.run([*self._command("initdb"), "--auth=trust", "--username=driftd", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
                        "-D", str(data)], check=True, stdout=subprocess.DEVNULL, cwd=self.folder.name)
        with open(pathlib.Path(self.folder.name) / "log", "w") as log:
            self.process = subprocess.Popen([*self._command("postgres", "--pdeathsig=INT"), "-D", str(data), "-p", str(self.port), "-c", "fsync=off",
                                             "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="], stdout=log,
                                            stderr=log, cwd=self.folder.name)
        ready = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        if not until(60, lambda: subprocess.run(ready).returncode == 0):
            said = (pathlib.Path(self.folder.name) / "log").read_text()
            self.__exit__()
            raise RuntimeError(f"PostgreSQL does not start: {said}")
        return self

    def __exit__(self, *_) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)   # a fast shutdown
            self.process.wait(30)
        self.folder.cleanup()

    def database(self) -> str:
        """The address of a new, empty one."""
        self._databases += 1
        name = f"chaos{self._databases}"
        self.sql(self._url("postgres"), f"CREATE DATABASE {name}")
        return self._url(name)

    def sql(self, url: str, text: str) -> str:
        done = subprocess.run([str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, "-c", text],
                              text=True, capture_output=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def _url(self, database: str) -> str:
        return f"postgres://driftd@127.0.0.1:{self.port}/{database}"

    def _command(self, name: str, *more: str) -> list[str]:
        program = str(self.programs / name)
        as_nobody = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *as_nobody, *more, program] if as_nobody or more else [program]


def programs() -> pathlib.Path | None:
    """The folder of the newest version's programs."""
    found = [path.parent for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)
