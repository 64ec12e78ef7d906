"""The command line `lct`, also `python -m orchestration.cli`: one module per command."""
