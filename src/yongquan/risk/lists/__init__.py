"""Black, grey, yellow and white lists of parties."""
