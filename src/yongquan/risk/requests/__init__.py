"""Requests of authorities for data: taken in, bounded in parties and days, approved by a second person, exported."""
