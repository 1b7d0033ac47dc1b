"""speaks GraphQL: types, inputs, results, one file a concept; what the world sees."""
