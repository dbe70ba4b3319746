"""Light on a chip: meshes of interferometers, banks of rings."""
