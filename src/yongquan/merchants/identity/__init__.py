"""Who a merchant is: one licence, one identity, through every re-registration."""
