"""The public contract of the Verwijsindex: generated stubs in `v1`, a typed async client in `client`."""
