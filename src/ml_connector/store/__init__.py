"""The store of `sync.store` on SQLite and PostgreSQL: a Django app, bulk rows by hand, an append-only ledger.

Importing this package readies Django and opens no database; `setup.open_workspace` does. A web process that has its
own Django settings names them in DJANGO_SETTINGS_MODULE before (they may start from `setup.base_settings()`).
"""

from ml_connector.store.setup import ready_django

ready_django()
