"""Other formats: Dec-POMDP and POMDP text files."""
