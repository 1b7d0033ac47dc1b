"""speaks SQL: tables, visibility, reading a selection, writing, migrations, the embedded server."""
