"""Orchestration of the Low-Carbon Trade Warehouse: landing, loading, models, estimates, publication."""
