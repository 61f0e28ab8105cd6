"""Rules of this room that are documents: YAML in versions, proposed by one person and decided by another."""
