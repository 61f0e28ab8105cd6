"""Groups of commands, one file each, that `cli.py` joins: parse, call, print."""
