"""Prices from unit values: index numbers, outliers and early warning, as pure functions."""
