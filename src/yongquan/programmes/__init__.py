"""Industry programmes: each joins flows into what one trade needs; flows never know a programme's name."""
