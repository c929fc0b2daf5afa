"""The lease of a flow: one row, an epoch that only rises, expiry by the database's clock."""

# ruff: noqa: S608 - the SQL is put together from our own constants; every value is a parameter

from __future__ import annotations

import hashlib
import os
import platform
import secrets
from pathlib import Path

from ml_connector.errors import ConfigurationError, LeaseLostError
from ml_connector.store.database import Cursor
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import Lease


def this_process() -> str:
    """An owner's name, `host/pid/birth/random`: by its birth a later process sees that this one is gone."""
    return f"{platform.node() or 'localhost'}/{os.getpid()}/{_birth(os.getpid())}/{secrets.token_hex(4)}"


def _birth(pid: int) -> str:
    """Changes with the machine's boot, the container and the process behind `pid`; "" where nobody can tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    try:
        started = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]
    except OSError:
        started = "gone"
    home = hashlib.blake2b(f"{boot} {space}".encode(), digest_size=6).hexdigest()
    return f"{home}.{started}"


def _is_dead(owner: str) -> bool:
    """Certainly gone: a process of this very machine (and container) that no longer runs."""
    match owner.split("/"):
        case [_, pid, birth, _] if birth and pid.isdigit():
            here = _birth(int(pid))
            return here.partition(".")[0] == birth.partition(".")[0] and here != birth
    return False


def acquire(cursor: Cursor, workspace: Workspace, flow_id: int, owner: str, ttl_s: float) -> Lease:
    """See `sync.store.Store.acquire`."""
    database = workspace.database
    cursor.execute(
        "INSERT INTO store_lease (flow_id, workspace_id, owner, epoch, acquired_at, renewed_at, expires_at)"
        " SELECT id, workspace_id, '', 0, 0, 0, 0 FROM store_flow WHERE id = %s AND workspace_id = %s"
        " ON CONFLICT (flow_id) DO NOTHING",
        [flow_id, workspace.id],
    )
    cursor.execute(
        f"SELECT owner, epoch, acquired_at, expires_at, {database.now} FROM store_lease"
        f" WHERE flow_id = %s AND workspace_id = %s{database.lock}",
        [flow_id, workspace.id],
    )
    row = cursor.fetchone()
    if row is None:
        raise ConfigurationError("The flow does not exist any more.", fix="Apply the configuration again.")
    holder, epoch, acquired_at, expires_at, now = row
    if holder and holder != owner and expires_at > now and not _is_dead(holder):
        raise _taken(holder, now - acquired_at, expires_at - now)
    cursor.execute(
        "UPDATE store_lease SET owner = %s, epoch = %s, acquired_at = %s, renewed_at = %s, expires_at = %s"
        " WHERE flow_id = %s",
        [owner, epoch + 1, now, now, now + ttl_s, flow_id],
    )
    cursor.execute("SELECT 1 FROM store_run WHERE flow_id = %s AND finished_at IS NULL LIMIT 1", [flow_id])
    unfinished = cursor.fetchone() is not None
    return Lease(flow_id, owner, epoch + 1, ttl_s, took_over=bool(holder) or unfinished)


def _taken(holder: str, age_s: float, left_s: float) -> ConfigurationError:
    host, _, pid = holder.partition("/")
    who = f"process {pid.partition('/')[0]} on {host}" if pid else holder
    return ConfigurationError(
        f"This flow is being run by {who}, since {age_s:.0f} s.",
        fix=f"Wait until it ends. If it died, its lease ends by itself within {max(left_s, 1):.0f} s: try again then.",
        owner=holder,
        age_s=age_s,
        left_s=left_s,
    )


def renew(cursor: Cursor, workspace: Workspace, lease: Lease) -> bool:
    """See `sync.store.Store.renew`; also revives a lease that expired but that nobody took."""
    now = workspace.database.now
    cursor.execute(
        f"UPDATE store_lease SET renewed_at = {now}, expires_at = {now} + %s"
        " WHERE flow_id = %s AND workspace_id = %s AND owner = %s AND epoch = %s",
        [lease.ttl_s, lease.flow_id, workspace.id, lease.owner, lease.epoch],
    )
    return bool(cursor.rowcount == 1)


def release(cursor: Cursor, workspace: Workspace, lease: Lease) -> None:
    """Give it back; nothing when it is lost already."""
    cursor.execute(
        "UPDATE store_lease SET owner = '', expires_at = 0"
        " WHERE flow_id = %s AND workspace_id = %s AND owner = %s AND epoch = %s",
        [lease.flow_id, workspace.id, lease.owner, lease.epoch],
    )


def fence(cursor: Cursor, workspace: Workspace, lease: Lease) -> None:
    """Keep the lease's row until the transaction ends; LeaseLostError when another process has taken it."""
    cursor.execute(
        "SELECT owner, epoch FROM store_lease WHERE flow_id = %s AND workspace_id = %s" + workspace.database.lock,
        [lease.flow_id, workspace.id],
    )
    if cursor.fetchone() != (lease.owner, lease.epoch):
        raise LeaseLostError(
            "Another process has taken over this run; it continues where this one stopped.", flow_id=lease.flow_id
        )
