"""Designs: where identification comes from, and the checks that belong to it."""
