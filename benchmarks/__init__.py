"""What the product costs, measured. `python -m benchmarks` runs all of it; nothing asserts on a clock.

Each module is a benchmark of its own: `python -m benchmarks.steps` prints a Markdown section on
standard output, and what it is doing on standard error.
"""
