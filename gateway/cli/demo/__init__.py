"""`verwijsindex demo`: the main job on a synthetic region, done with the commands a person would use."""
