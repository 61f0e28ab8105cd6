"""Groups (群组): one for each grid, in which its owner posts and its shops reply."""
