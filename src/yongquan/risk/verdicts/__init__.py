"""What risk answered about an event, and why."""
