"""The whole line in a fresh workspace, offline, with two practice stations: what a newcomer runs first."""
