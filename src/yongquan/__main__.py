"""`python -m yongquan`: the same as the console script."""

from yongquan.cli import main

main()
