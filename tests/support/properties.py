"""How properties are tried whose examples take a while."""

from __future__ import annotations

from hypothesis import Phase

#: A failure is made smaller, for five minutes at most, which is Hypothesis's own limit and within a test's timeout.
#: Which part of it matters is left out: that takes hundreds of further examples.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
