"""The files of a batch: how they are staged, checked, named and committed."""
