"""Decides from the rows of simulated systems alone what has to be where; imports nothing of the product.

A module per source says what its rows mean, a module per target what is there; `verdict` compares the two.
"""
