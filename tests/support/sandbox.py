"""The sandbox as a test fixture."""
