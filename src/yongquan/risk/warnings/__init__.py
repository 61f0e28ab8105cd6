"""What institutions are warned of: gambling merchants, relocated terminals, gangs that cash out (S17)."""
