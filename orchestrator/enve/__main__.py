"""`python -m enve`: the same as the command `enve`."""

from enve.cli.main import main

main()
