"""Orchestration of the warehouse: landing, loading, models, estimates and publication."""
