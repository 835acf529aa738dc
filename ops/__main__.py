"""The `feedpulse` command as `python -m ops`."""

import sys

from ops.cli import INTERRUPTED, execute


def main() -> None:
    """Runs the command and exits with its status."""
    try:
        status = execute(sys.argv[1:])
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)


if __name__ == "__main__":
    main()
