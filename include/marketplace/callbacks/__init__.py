"""The HTTP surface that the Marketplace calls (its SPI)."""
