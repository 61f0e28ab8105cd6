"""Who belongs together: the graph of citizens, devices, cards, shops, terminals and licences, and gangs in it."""
