"""Reports usage of closed hours to a marketplace, before the cut-off, and never twice."""
