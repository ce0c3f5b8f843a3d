"""What the Marketplace says of each subscription, compared with what its events made of it."""
