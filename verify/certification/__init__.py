"""How far a point is from the global minimum: objective, dual bound, verdict."""
