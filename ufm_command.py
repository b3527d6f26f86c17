"""The program ``ufm``: Ctrl-C is heard from the first import on.

``verify.cli.main`` answers it with a word and status 130, but importing ``verify`` takes seconds, of PyTorch mostly.
This file imports nothing before it listens.
"""


def main() -> None:
    """Entry point of the console script."""
    try:
        from verify.cli import main as run

        run()
    except KeyboardInterrupt:
        import sys

        sys.stderr.write("interrupted\n")
        sys.exit(130)
