"""speaks files: xlsx, CSV, HSDS in and out, as plain records."""
