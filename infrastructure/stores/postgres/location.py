"""Where a PostgreSQL store is: its URL, taken apart without a password ever being shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from domain.errors import StoreError, StoreUrlError
from infrastructure.passwords import without_password

DEFAULT_SCHEMA = "event_logger"
_EXAMPLE = "postgresql://user@host/database"
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_ENDS_EARLY = (
    "has a port that is no number, or an @ in what follows its user; write what a password holds of"
    " / @ ? # as %2F %40 %3F %23"
)
_INSTALL = "pip install 'event-logger[postgres]'"

_OWN_DEADLINES = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Seconds, and of the last milliseconds, after which a host that went away is given up: the
server's `statement_timeout` does not end a COMMIT whose answer never comes."""


@dataclass(frozen=True)
class Location:
    """A store's place: its URL as it may be shown, and what connects to it, password included."""

    url: str
    schema_name: str
    parameters: dict[str, Any] = field(repr=False)

    @property
    def schema(self) -> str:
        """The schema's name as statements have it: many a name is also a word of SQL."""
        return f'"{self.schema_name}"'

    def for_writing(self) -> dict[str, Any]:
        """What a connection that writes is made with: of several hosts, the one that takes it."""
        if "," in str(self.parameters.get("host") or self.parameters.get("hostaddr") or ""):
            return {"target_session_attrs": "read-write"} | self.parameters
        return self.parameters


def location_of(url: str) -> Location:
    """The place that a URL names; connects to nothing.

    `?schema=` is ours; whatever else stands there is libpq's. Raises `StoreUrlError` for a URL that
    makes no sense, and `StoreError` where the driver is not installed.
    """
    shown = _hidden(url)
    who, place, query = _parts(url)
    if "@" in place:
        raise StoreUrlError(shown, _ENDS_EARLY)
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        problem = f"needs the PostgreSQL driver ({error}); install it: {_INSTALL}"
        raise StoreError(shown, problem) from None
    plain, schemas = _without_schema(f"{who}{place}", query)
    try:
        parameters = conninfo_to_dict(plain)
    except ProgrammingError:
        # What the driver says quotes the URL, password and all.
        raise StoreUrlError(shown, f"is no PostgreSQL URL; write {_EXAMPLE}") from None
    if not str(parameters.get("port") or "0").replace(",", "").isdecimal():
        raise StoreUrlError(shown, _ENDS_EARLY)
    schema = schemas[-1] if schemas else DEFAULT_SCHEMA
    url = _shown(parameters, schema if schemas else None)
    if not (_has_all_hosts(parameters.get("host")) or parameters.get("hostaddr")):
        raise StoreUrlError(url, f"names no host; write {_EXAMPLE}")
    if not parameters.get("dbname"):
        raise StoreUrlError(url, f"names no database; write {_EXAMPLE}")
    if not _SCHEMA.fullmatch(schema):
        raise StoreUrlError(
            url,
            f"names the schema {schema!r}; write a name of small letters, digits and _, such as"
            f" {_EXAMPLE}?schema=desk1",
        )
    if schema.startswith("pg_") or schema == "information_schema":
        raise StoreUrlError(url, f"names the schema {schema}, which is the server's own")
    return Location(url, schema, _OWN_DEADLINES | _set(parameters))


def _has_all_hosts(hosts: Any) -> bool:
    return bool(hosts) and all(str(hosts).split(","))


def _set(parameters: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in parameters.items() if value is not None}
    given.setdefault("application_name", "event-logger")
    # Of a database that knows no encoding, the driver would give bytes for texts.
    return given | {"client_encoding": "UTF8"}


def _parts(url: str) -> tuple[str, str, str]:
    """The URL up to the @ after its user, its place, and its query; a password may hold a ?."""
    scheme, separator, rest = url.partition("://")
    who, at, place = rest.partition("@")
    if not at or "/" in who:
        who, at, place = "", "", rest
    place, _, query = place.partition("?")
    return f"{scheme}{separator}{who}{at}", place, query


def _without_schema(place: str, query: str) -> tuple[str, list[str]]:
    """The URL without our part of its query, and what stood there."""
    kept, schemas = [], []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        if name == "schema":
            schemas.append(unquote(value))
        else:
            kept.append(part)
    return f"{place}?{'&'.join(kept)}" if kept else place, schemas


def _shown(parameters: dict[str, Any], schema: str | None) -> str:
    """The URL without a password: of its parts, those that name the place."""
    user = parameters.get("user")
    hosts = str(parameters.get("host") or parameters.get("hostaddr") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if len(ports) != len(hosts):
        ports = ports * len(hosts) if len(ports) == 1 else [""] * len(hosts)
    places = ",".join(
        _host(host) + (f":{port}" if port else "") for host, port in zip(hosts, ports, strict=True)
    )
    who = f"{quote(str(user), safe='')}@" if user else ""
    name = quote(str(parameters.get("dbname") or ""), safe="")
    return f"postgresql://{who}{places}/{name}{f'?schema={schema}' if schema else ''}"


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host, safe="")


def _hidden(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{without_password(rest)}".replace("://***", "://")
