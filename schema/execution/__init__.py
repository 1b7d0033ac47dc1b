"""how an operation runs: limits, plan cache, selection out of the document."""
