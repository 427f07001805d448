"""Stage solvers: one module a concept, all with the signature of ``protocol.StageSolver``."""
