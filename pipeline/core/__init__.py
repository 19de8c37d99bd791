"""The pure heart: nouns, rules and ports. Nothing here opens a file, asks the time, or calls a tool."""
