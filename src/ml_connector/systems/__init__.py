"""The systems that ml-connector speaks with: a folder each, none importing another."""
