"""What people and other programs read: words for states, and the tally as tables and JSON."""
