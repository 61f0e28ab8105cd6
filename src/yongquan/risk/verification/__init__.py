"""Is this party bad? One answer for an account opened, a merchant that applies, a transfer under way (S16)."""
