"""What Django cannot declare: a clustered ledger that refuses changes, and keys in byte order on PostgreSQL."""

from django.db import migrations

SQLITE = (
    "DROP TABLE store_ledgerevent",
    """CREATE TABLE store_ledgerevent (
        workspace_id INTEGER NOT NULL, writer INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
        kind TEXT NOT NULL, route_id INTEGER, key TEXT NOT NULL, data TEXT NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (workspace_id, writer, seq)) WITHOUT ROWID""",
    "CREATE INDEX ledger_of_record ON store_ledgerevent (route_id, key) WHERE NOT (key = '')",
    """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON store_ledgerevent
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON store_ledgerevent
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
)

POSTGRESQL = (
    'ALTER TABLE store_record ALTER COLUMN key TYPE text COLLATE "C"',
    'ALTER TABLE store_ledgerevent ALTER COLUMN key TYPE text COLLATE "C"',
    """CREATE FUNCTION store_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    """CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON store_ledgerevent
        FOR EACH ROW EXECUTE FUNCTION store_ledger_refuse()""",
    """CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON store_ledgerevent
        FOR EACH STATEMENT EXECUTE FUNCTION store_ledger_refuse()""",
)


def by_vendor(apps, schema_editor):
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]
    operations = [migrations.RunPython(by_vendor)]
