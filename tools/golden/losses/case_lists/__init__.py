"""Case lists too long to stand beside their formulas."""
