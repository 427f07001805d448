"""``python -m posg``."""

import sys

from posg.cli import main

if __name__ == "__main__":
    sys.exit(main())
