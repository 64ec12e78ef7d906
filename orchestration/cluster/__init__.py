"""The same models, seeds and data tests on Spark, beside DuckDB's: one machine or a cluster.

Needs PySpark and dbt-spark, which have an environment of their own (.venv-spark, `make spark`), and
neither Dagster nor what loads the warehouse.
"""
