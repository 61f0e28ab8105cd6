"""What is published to shops: notices, services of a catalogue, answers for all, calls for shops."""
