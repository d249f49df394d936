"""The entry point of `python -m crew`."""

from crew.cli import main

main()
