"""The tables as `models` declares them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('system', models.TextField()),
                ('base_url', models.TextField()),
                ('settings', models.TextField(default='{}')),
                ('auth_mode', models.TextField(default='')),
                ('archived_at', models.FloatField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='LedgerHead',
            fields=[
                ('pk', models.CompositePrimaryKey('workspace_id', 'writer', blank=True, editable=False, primary_key=True, serialize=False)),
                ('workspace_id', models.BigIntegerField()),
                ('writer', models.BigIntegerField()),
                ('seq', models.BigIntegerField()),
                ('hash', models.BinaryField()),
                ('mac', models.BinaryField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Workspace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField(unique=True)),
                ('envelope', models.BinaryField()),
                ('key_id', models.TextField()),
                ('created_at', models.FloatField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('workspace_id', models.BigIntegerField()),
                ('flow_id', models.BigIntegerField()),
                ('route_id', models.BigIntegerField()),
                ('run_number', models.BigIntegerField()),
                ('epoch', models.BigIntegerField()),
                ('at', models.FloatField()),
                ('payload_id', models.BigIntegerField()),
                ('rows', models.BinaryField()),
            ],
            options={
                'indexes': [models.Index(fields=['flow_id', 'id'], name='intent_of_flow')],
            },
        ),
        migrations.CreateModel(
            name='LedgerEvent',
            fields=[
                ('pk', models.CompositePrimaryKey('workspace_id', 'writer', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                ('workspace_id', models.BigIntegerField()),
                ('writer', models.BigIntegerField()),
                ('seq', models.BigIntegerField()),
                ('at', models.FloatField()),
                ('kind', models.TextField()),
                ('route_id', models.BigIntegerField(null=True)),
                ('key', models.TextField()),
                ('data', models.TextField()),
                ('hash', models.BinaryField()),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('key', ''), _negated=True), fields=['route_id', 'key'], name='ledger_of_record')],
            },
        ),
        migrations.CreateModel(
            name='Payload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('workspace_id', models.BigIntegerField()),
                ('run_number', models.BigIntegerField()),
                ('kind', models.TextField()),
                ('at', models.FloatField()),
                ('hash', models.BinaryField()),
                ('body', models.BinaryField(null=True)),
                ('erased_at', models.FloatField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('erased_at', None)), fields=['workspace_id', 'at'], name='payload_age')],
            },
        ),
        migrations.CreateModel(
            name='RawPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('workspace_id', models.BigIntegerField()),
                ('route_id', models.BigIntegerField()),
                ('run_number', models.BigIntegerField()),
                ('kept_at', models.FloatField()),
                ('origin', models.TextField()),
                ('records', models.IntegerField()),
                ('settled', models.IntegerField(default=0)),
                ('open', models.BooleanField(default=True)),
                ('cursor', models.TextField(null=True)),
                ('hash', models.BinaryField()),
                ('body', models.BinaryField(null=True)),
                ('erased_at', models.FloatField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('open', True)), fields=['route_id', 'id'], name='raw_page_open'), models.Index(condition=models.Q(('erased_at', None)), fields=['workspace_id', 'kept_at'], name='raw_page_age')],
            },
        ),
        migrations.CreateModel(
            name='Record',
            fields=[
                ('pk', models.CompositePrimaryKey('route_id', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('route_id', models.BigIntegerField()),
                ('key', models.TextField()),
                ('workspace_id', models.BigIntegerField()),
                ('state', models.TextField()),
                ('code', models.TextField()),
                ('label', models.TextField()),
                ('version', models.TextField()),
                ('natural_hash', models.BinaryField(null=True)),
                ('warning_hash', models.BinaryField(null=True)),
                ('target_id', models.TextField()),
                ('missing_sweeps', models.IntegerField()),
                ('due_at', models.FloatField()),
                ('released', models.BooleanField()),
                ('run_id', models.TextField()),
                ('outcome', models.TextField()),
                ('updated_at', models.FloatField()),
                ('detail', models.BinaryField()),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ('landed', 'excluded')), _negated=True), fields=['route_id', 'key'], name='record_open'), models.Index(condition=models.Q(('natural_hash__isnull', False)), fields=['route_id', 'natural_hash'], name='record_natural'), models.Index(condition=models.Q(('warning_hash__isnull', False)), fields=['route_id', 'warning_hash'], name='record_warning'), models.Index(condition=models.Q(('target_id', ''), _negated=True), fields=['route_id', 'target_id'], name='record_target')],
            },
        ),
        migrations.CreateModel(
            name='Flow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('start_from', models.TextField(default='')),
                ('timezone', models.TextField(default='UTC')),
                ('value_maps', models.TextField(default='{}')),
                ('archived_at', models.FloatField(null=True)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='store.connection')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='store.connection')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.TextField()),
                ('envelope', models.BinaryField()),
                ('key_id', models.TextField()),
                ('seed', models.BinaryField(null=True)),
                ('changed_at', models.FloatField()),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.connection')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace')),
            ],
        ),
        migrations.AddField(
            model_name='connection',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace'),
        ),
        migrations.CreateModel(
            name='Permits',
            fields=[
                ('connection', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='store.connection')),
                ('used', models.TextField()),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('flow', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='store.flow')),
                ('owner', models.TextField(default='')),
                ('epoch', models.BigIntegerField(default=0)),
                ('acquired_at', models.FloatField(default=0.0)),
                ('renewed_at', models.FloatField(default=0.0)),
                ('expires_at', models.FloatField(default=0.0)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('number', models.BigAutoField(primary_key=True, serialize=False)),
                ('id', models.TextField(unique=True)),
                ('options', models.TextField(default='{}')),
                ('epoch', models.BigIntegerField()),
                ('takeovers', models.IntegerField(default=0)),
                ('started_at', models.FloatField()),
                ('finished_at', models.FloatField(null=True)),
                ('outcome', models.TextField(default='')),
                ('counts', models.TextField(default='{}')),
                ('report', models.TextField(default='{}')),
                ('flow', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.flow')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['flow', '-number'], name='run_of_flow')],
            },
        ),
        migrations.CreateModel(
            name='Route',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.TextField()),
                ('position', models.IntegerField(default=0)),
                ('config', models.TextField(default='{}')),
                ('cursor', models.TextField(null=True)),
                ('read_mark', models.TextField(null=True)),
                ('swept_at', models.FloatField(null=True)),
                ('records', models.BigIntegerField(default=0)),
                ('archived_at', models.FloatField(null=True)),
                ('flow', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.flow')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('flow', 'entity'), name='route_entity')],
            },
        ),
        migrations.AddConstraint(
            model_name='flow',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='flow_name'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.UniqueConstraint(fields=('workspace', 'connection', 'field'), name='credential_field'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='connection_name'),
        ),
    ]
