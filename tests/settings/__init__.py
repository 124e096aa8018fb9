"""The settings of every process."""
