"""`python -m ml_connector`."""

import sys

from ml_connector.cli import main

if __name__ == "__main__":
    sys.exit(main())
