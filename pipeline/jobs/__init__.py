"""Who does the work: a queue in this process now, one over many machines later, behind the same port."""
