"""A small bank's app, a process of its own: it knows the city's voucher platform only by its public API."""
