"""Run the command line with `python -m crew`."""

from crew.cli import main

main()
