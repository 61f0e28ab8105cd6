"""Cases of suspected scalping: parties, evidence, notes, a decision with its basis, and the packs that left."""
