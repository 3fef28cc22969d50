"""Run the command line with ``python -m dnsd``."""

from dnsd.cli.main import main

if __name__ == "__main__":
    main()
