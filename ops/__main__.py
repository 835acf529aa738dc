"""The `feedpulse` command as `python -m ops`."""

import os
import sys

from ops.cli import INTERRUPTED, execute


def main() -> None:
    """Runs the command and exits with its status."""
    try:
        status = execute(sys.argv[1:])
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:  # sys.exit would wait for threads that still read or train
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    main()
