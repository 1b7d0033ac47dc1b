"""speaks use cases: who may, what happens, in which transaction; knows no GraphQL and no HTTP."""
