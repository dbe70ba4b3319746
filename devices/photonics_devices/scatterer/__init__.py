"""Light that bounces between a data panel and a scattering medium."""
