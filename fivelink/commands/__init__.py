"""One file a command: `run(arguments) -> exit code`. What is refused is raised and explained by `fivelink/failures.py`."""
