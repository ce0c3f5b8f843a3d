"""Benchmarks: what our work costs beside the least that the same work could cost, in one run.

`python -m benchmarks [NAME …] [--size small|full]` runs them, prints a table and writes JSON to benchmarks/results/.
Each is a module with `run(size) -> list[Ratio]`. Ratios of interleaved repetitions count, not seconds: machines differ.
"""
