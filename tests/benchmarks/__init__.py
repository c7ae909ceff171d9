"""Benchmarks: Patron against floors measured in the same run; `bin/bench NAME` starts them."""
