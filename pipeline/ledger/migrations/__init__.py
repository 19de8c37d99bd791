"""How a ledger gets from one shape to the next."""
