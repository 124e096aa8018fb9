"""What the processes tell about themselves: declared log events, and nothing about persons."""
