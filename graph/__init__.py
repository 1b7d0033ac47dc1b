"""speaks mathematics: candidates, allocation, explanation; knows no SQL and no GraphQL."""
