"""What is printed from the tables of schema estimates."""

from estimation.rendering.tables import PrintedTable, RenderingInputs, printed_table, rendered

__all__ = ["PrintedTable", "RenderingInputs", "printed_table", "rendered"]
