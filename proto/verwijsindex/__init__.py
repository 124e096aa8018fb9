"""The public contract of the Verwijsindex: stubs in `v1`, an async client in `client`, refusals in `status`."""
