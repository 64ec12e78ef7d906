"""Gravity: trade between all pairs of economies, from bilateral flows to the tables' columns."""
