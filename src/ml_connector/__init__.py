"""ml-connector: carries purchasing records from an ERP into a procurement system, exactly once."""

__version__ = "0.1.0"
