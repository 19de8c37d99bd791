"""Use cases, a file a noun: what the command line, the clock and later the web page all call."""
