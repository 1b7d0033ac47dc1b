"""One file a command: `run(arguments) -> exit code`. Refusals are raised and explained by `fivelink/failures.py`."""
