"""What happened, kept for good: facts and records in one database, bytes in a store named by content."""
