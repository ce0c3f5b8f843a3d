"""The product's code, one room per subject; docs/concepts/house.md shows the rooms and which may import which."""
