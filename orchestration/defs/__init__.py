"""The Dagster wing: one concept a module, put together in orchestration/definitions.py."""
