"""The configuration file: read into what the store keeps, or refused with every problem and its line."""

from ml_connector.configuration.catalogue import Catalogue
from ml_connector.configuration.export import export
from ml_connector.configuration.reader import Configuration, read
from ml_connector.configuration.tree import Problem

__all__ = ["Catalogue", "Configuration", "Problem", "export", "read"]
