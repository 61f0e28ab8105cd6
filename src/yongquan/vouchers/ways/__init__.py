"""Ways to a voucher besides the claim button and the draw: pushes, packs, codes, gifts, applications, rehearsals."""
