"""The systems under test, by name. A new connector adds a file here and a line below."""

from __future__ import annotations

from conformance.subject import Subject
from conformance.subjects.ifs_cloud import IfsCloudSubject
from conformance.subjects.servicenow import ServiceNowSubject

SUBJECTS: dict[str, type[Subject]] = {each.system: each for each in (IfsCloudSubject, ServiceNowSubject)}
