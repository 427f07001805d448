"""Learning from samples: simulators, exploration, and models made of counts."""
