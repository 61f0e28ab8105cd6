"""A shop's application to come in: its revisions as they were sent, its photos, what was decided."""
