"""Light between a data panel and detectors: masks in a row, between lenses, or beside the data."""
