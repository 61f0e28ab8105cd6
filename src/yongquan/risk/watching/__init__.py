"""The hourly watch of shops: what an hour's redemptions look like, and what of it is suspicious."""
