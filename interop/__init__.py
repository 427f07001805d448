"""Other formats and packages: Dec-POMDP and POMDP text files, PettingZoo environments."""
