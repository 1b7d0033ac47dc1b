"""The networkx backend `fivelink` (written next)."""
def info() -> dict[str, object]:
    return {"backend_name": "fivelink", "functions": {}}
interface = type("interface", (), {})()
