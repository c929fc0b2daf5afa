# mypy: disable-error-code="var-annotated"
"""The tables. Rows of high volume are written and read by hand (`rows`, `pages`, `ledger`), never through a manager.

Moments are seconds since 1970 (UTC), JSON is text that msgspec wrote, so that both databases hold the same.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


def _json(default: str = "{}") -> models.TextField[str, str]:
    return models.TextField(default=default)


class Stored(models.Model):
    """Base of the tables."""

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True


class Workspace(Stored):
    """The tenant boundary; its secret is what the ledger's and the seeds' keys are derived from."""

    name = models.TextField(unique=True)
    envelope = models.BinaryField()
    key_id = models.TextField()
    created_at = models.FloatField()


class Connection(Stored):
    """A configured instance of a system."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    name = models.TextField()
    system = models.TextField()
    base_url = models.TextField()
    settings = _json()
    auth_mode = models.TextField(default="")
    archived_at = models.FloatField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "name"), name="connection_name"),)


class Credential(Stored):
    """A sealed field of a connection: what was configured, or a token that came later."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    field = models.TextField()
    envelope = models.BinaryField()
    key_id = models.TextField()
    seed = models.BinaryField(null=True)
    """Keyed hash of the configured text; None: not from the configuration."""
    changed_at = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "connection", "field"), name="credential_field"),)


class Flow(Stored):
    """One connection into another."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    name = models.TextField()
    source = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    start_from = models.TextField(default="")
    """ISO date; "": all."""
    timezone = models.TextField(default="UTC")
    value_maps = _json()
    archived_at = models.FloatField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "name"), name="flow_name"),)


class Route(Stored):
    """One entity of a flow, and how far it has got."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT)
    entity = models.TextField()
    position = models.IntegerField(default=0)
    config = _json()
    cursor = models.TextField(null=True)
    read_mark = models.TextField(null=True)
    swept_at = models.FloatField(null=True)
    records = models.BigIntegerField(default=0)
    archived_at = models.FloatField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("flow", "entity"), name="route_entity"),)


class Lease(Stored):
    """The right to run a flow; `owner` "" means that it was given back."""

    flow = models.OneToOneField(Flow, on_delete=models.PROTECT, primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    owner = models.TextField(default="")
    epoch = models.BigIntegerField(default=0)
    acquired_at = models.FloatField(default=0.0)
    renewed_at = models.FloatField(default=0.0)
    expires_at = models.FloatField(default=0.0)


class Lock(Stored):
    """A named lock between processes: who holds it, until when by the database's clock, and whether others wait."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    name = models.TextField()
    owner = models.TextField(default="")
    expires_at = models.FloatField(default=0.0)
    wanted = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "name"), name="lock_name"),)


class Permits(Stored):
    """How many requests a connection was allowed lately: `[[second, count], ...]`."""

    connection = models.OneToOneField(Connection, on_delete=models.PROTECT, primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    used = models.TextField()


class Run(Stored):
    """One execution of a flow; `number` is its writer's number in the ledger."""

    number = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT)
    id = models.TextField(unique=True)
    flow = models.ForeignKey(Flow, on_delete=models.PROTECT)
    options = _json()
    epoch = models.BigIntegerField()
    takeovers = models.IntegerField(default=0)
    started_at = models.FloatField()
    finished_at = models.FloatField(null=True)
    outcome = models.TextField(default="")
    counts = _json()
    report = _json()

    class Meta:
        indexes = (models.Index(fields=("flow", "-number"), name="run_of_flow"),)


class RawPage(Stored):
    """What the source said, compressed; `body` is None once retention erased it."""

    workspace_id = models.BigIntegerField()
    route_id = models.BigIntegerField()
    run_number = models.BigIntegerField()
    kept_at = models.FloatField()
    origin = models.TextField()
    records = models.IntegerField()
    settled = models.IntegerField(default=0)
    open = models.BooleanField(default=True)
    cursor = models.TextField(null=True)
    hash = models.BinaryField()
    body = models.BinaryField(null=True)
    erased_at = models.FloatField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("route_id", "id"), name="raw_page_open", condition=models.Q(open=True)),
            models.Index(fields=("workspace_id", "kept_at"), name="raw_page_age", condition=models.Q(erased_at=None)),
        )


class Record(Stored):
    """The newest state of a record; what nobody searches by is in `detail` (`rows.Detail`)."""

    pk = models.CompositePrimaryKey("route_id", "key")
    route_id = models.BigIntegerField()
    key = models.TextField()
    workspace_id = models.BigIntegerField()
    state = models.TextField()
    code = models.TextField()
    label = models.TextField()
    version = models.TextField()
    natural_hash = models.BinaryField(null=True)
    warning_hash = models.BinaryField(null=True)
    target_id = models.TextField()
    missing_sweeps = models.IntegerField()
    due_at = models.FloatField()
    released = models.BooleanField()
    run_id = models.TextField()
    outcome = models.TextField()
    updated_at = models.FloatField()
    detail = models.BinaryField()

    class Meta:
        indexes = (
            models.Index(
                fields=("route_id", "key"),
                name="record_open",
                condition=~models.Q(state__in=("landed", "excluded")),
            ),
            models.Index(
                fields=("route_id", "natural_hash"),
                name="record_natural",
                condition=models.Q(natural_hash__isnull=False),
            ),
            models.Index(
                fields=("route_id", "warning_hash"),
                name="record_warning",
                condition=models.Q(warning_hash__isnull=False),
            ),
            models.Index(fields=("route_id", "target_id"), name="record_target", condition=~models.Q(target_id="")),
        )


class Intent(Stored):
    """A batch about to be written; deleted when it settles. Its payloads stay in `Payload`."""

    workspace_id = models.BigIntegerField()
    flow_id = models.BigIntegerField()
    route_id = models.BigIntegerField()
    run_number = models.BigIntegerField()
    epoch = models.BigIntegerField()
    at = models.FloatField()
    payload_id = models.BigIntegerField()
    rows = models.BinaryField()

    class Meta:
        indexes = (models.Index(fields=("flow_id", "id"), name="intent_of_flow"),)


class Payload(Stored):
    """What was sent, or what came of it, of one batch; beside the ledger so that it can be erased."""

    workspace_id = models.BigIntegerField()
    run_number = models.BigIntegerField()
    kind = models.TextField()
    """intended or outcome."""
    at = models.FloatField()
    hash = models.BinaryField()
    body = models.BinaryField(null=True)
    erased_at = models.FloatField(null=True)

    class Meta:
        indexes = (models.Index(fields=("workspace_id", "at"), name="payload_age", condition=models.Q(erased_at=None)),)


class LedgerEvent(Stored):
    """A line of the ledger; triggers refuse to change or delete it. Writer 0 is the workspace's main chain."""

    pk = models.CompositePrimaryKey("workspace_id", "writer", "seq")
    workspace_id = models.BigIntegerField()
    writer = models.BigIntegerField()
    seq = models.BigIntegerField()
    at = models.FloatField()
    kind = models.TextField()
    route_id = models.BigIntegerField(null=True)
    key = models.TextField()
    data = models.TextField()
    hash = models.BinaryField()

    class Meta:
        indexes = (models.Index(fields=("route_id", "key"), name="ledger_of_record", condition=~models.Q(key="")),)


class LedgerHead(Stored):
    """Where a chain ends, marked so that cutting off its last rows is seen."""

    pk = models.CompositePrimaryKey("workspace_id", "writer")
    workspace_id = models.BigIntegerField()
    writer = models.BigIntegerField()
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    mac = models.BinaryField()
