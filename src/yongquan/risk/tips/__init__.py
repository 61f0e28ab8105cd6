"""What the public tells about scalping: tips with receipts, their photos, what became of them."""
