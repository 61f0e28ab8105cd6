"""The outside world as processes of its own: fictional banks, wallets and acquirers."""
