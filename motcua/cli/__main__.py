"""`python -m motcua.cli`, where the script is not on the path."""

from motcua.cli import main

main()
