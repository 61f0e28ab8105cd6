"""Records of visits to shops: made on a phone without a network, sent when there is one, looked at by staff."""
