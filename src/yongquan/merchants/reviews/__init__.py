"""Reading applications as reviewers do: what goes through in bulk, how fast the desk is, a merchant's whole story."""
