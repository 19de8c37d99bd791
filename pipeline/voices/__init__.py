"""Voices: engines that turn spoken-form text into sound. Import the engine that is wanted; each loads its own tools."""
