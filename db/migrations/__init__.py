"""How the database came to be, step by step; see docs/decisions/migrations.md."""
