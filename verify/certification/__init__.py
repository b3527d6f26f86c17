"""The distance of a point from the global minimum: objective, dual bound, verdict."""
