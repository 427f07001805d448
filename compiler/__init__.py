"""The compiler: from a syntax tree to a numeric game and its information structure."""
