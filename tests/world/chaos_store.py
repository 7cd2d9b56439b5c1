"""The daemon's store as the kill test looks at it, past driftd: what is in it, and whether it is whole. SQLite and PostgreSQL."""
import contextlib
import json
import pathlib
import sqlite3

from .chaos_postgres import Server


class Sqlite:
    name = "sqlite"
    config = "store: {path: driftd.db}\n"

    def __init__(self, folder: pathlib.Path):
        self.path = folder / "driftd.db"

    def rows(self, sql: str) -> list[tuple]:
        """Nothing where the daemon did not come to make its tables. Read-only: the log of writes stays for the daemon to recover."""
        if not self.path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)) as connection:
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'findings'").fetchall()
            return connection.execute(sql).fetchall() if made else []

    def leases_end(self) -> None:
        """The next start takes over at once: a file has one daemon."""

    def faults(self) -> list[str]:
        said = [f"integrity_check: {row[0]}" for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        said += [f"a foreign key without its row: {row}" for row in self.rows("PRAGMA foreign_key_check")]
        return said

    def size(self) -> int:
        return sum(file.stat().st_size for file in self.path.parent.glob("driftd.db*"))


class Postgres:
    name = "postgres"
    config = "store: {url: {file: database-url}}\n"

    def __init__(self, folder: pathlib.Path, server: Server):
        self.server, self.url = server, server.database()
        (folder / "database-url").write_text(self.url)

    def rows(self, sql: str) -> list[tuple]:
        if not self._made():
            return []
        told = self.server.sql(self.url, f"SELECT json_agg(row_to_json(found)) FROM ({sql}) AS found")
        return [tuple(row.values()) for row in json.loads(told or "null") or []]

    def _made(self) -> bool:
        return bool(self.server.sql(self.url, "SELECT to_regclass('findings')"))

    def leases_end(self) -> None:
        """Where several daemons share a database, leases of a dead one end by time, minutes later: here at once."""
        for table in ("jobs", "marks", "notices") if self._made() else ():
            self.server.sql(self.url, f"UPDATE {table} SET lease_until = 0 WHERE lease_until > 0")

    def faults(self) -> list[str]:
        lost = self.rows("SELECT event_id FROM event_resources WHERE event_id NOT IN (SELECT id FROM events)")
        return [f"a resource of an event that is not there: {row[0]}" for row in lost]

    def size(self) -> int:
        return int(self.rows("SELECT pg_database_size(current_database()) AS size")[0][0])


def findings(store) -> list[dict]:
    return [{"finding": json.loads(finding), "life": json.loads(life)} for finding, life in store.rows("SELECT finding, life FROM findings")]


def count(store, rest: str) -> int:
    """`count(store, "marks")`: how many rows `SELECT ... FROM` has."""
    return next((row[0] for row in store.rows(f"SELECT count(*) AS number FROM {rest}")), 0)
