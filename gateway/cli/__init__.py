"""The `verwijsindex` commands: thin, each with `--json`, all the work in the rooms below."""
