"""``python -m recognition``: see ``recognition.cli``."""

import sys

from recognition.cli import main

if __name__ == "__main__":
    sys.exit(main())
