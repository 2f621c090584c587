"""The independent oracle of isoloss: loss formulas in multi-precision arithmetic, from the papers."""
