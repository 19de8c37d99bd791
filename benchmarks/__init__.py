"""What the line costs, as ratios to the bare tools in one run. Nothing here passes or fails by the clock."""
