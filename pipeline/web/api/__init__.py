"""The desk for programs: the use cases of the pages as JSON, by a token that a person gave, under `/api/v1`."""
