"""Estimation: specifications as values, one pure fit, one inference rule, tidy results.

Knows neither Dagster nor dbt.
"""
